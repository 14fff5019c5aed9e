"""The production lock in a fresh environment: a checkout with no more than that deploys, goes back and reviews."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT, copy_project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.long, pytest.mark.engine, pytest.mark.sandbox, pytest.mark.timeout(1500)]


def test_a_checkout_with_production_packages_deploys_goes_back_and_reviews(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Against the sandbox of another checkout: no variable leads into this one but the account's and the cluster's."""
    paths = [each for each in sandbox.environment["PATH"].split(os.pathsep) if not each.startswith(str(ROOT))]
    environment = {**os.environ, **sandbox.environment, "PATH": os.pathsep.join(paths)}
    environment.pop("PYTHONPATH", None)
    checkout = copy_project(tmp_path / "project", environment)
    venv, uv = checkout.folder / ".venv", str(ROOT / ".venv" / "bin" / "uv")
    venv.unlink()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    lock = ("--require-hashes", str(ROOT / "requirements.lock"))
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", str(venv / "bin" / "python"), *lock], check=True)
    for words in (("deploy", "v1.2.3"), ("deploy", "v1.2.2"), ("status",)):
        done = checkout.rollback(*words, timeout=600)
        assert done.code == 0, done.said
    reviewed = checkout.rollback("review", timeout=600)
    assert "error:" not in reviewed.errors, reviewed.said
    assert "v1.2.2" in reviewed.output
