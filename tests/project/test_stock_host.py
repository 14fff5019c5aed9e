"""prod under Pulumi's own language host, where an installed `pulumi` of the pinned version is on PATH; else under ours.

The sandbox takes such a `pulumi` of its own accord. tests/toolchain/stock_answers.yaml says what the two have
in common, so the steps hold under either.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.project.conftest import RELEASE
from tests.support.project import Project, copy_project
from tests.support.sandbox import RunningSandbox
from tests.toolchain import hosts

OLDER, FAULTY = "v1.2.2", "v1.3.0"
STORES = Path("components") / "security_assistant" / "stores.py"
JOBS = "security-assistant-jobs-prod"

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.long, pytest.mark.timeout(1200)]


def without_jobs(project: Project) -> str:
    """Take a table out of the program; the program's text before."""
    own = (project.folder / STORES).read_text()
    line = next(line for line in own.splitlines() if "self.jobs = data_table(" in line)
    gone = f'self.jobs = __import__("types").SimpleNamespace(name="{JOBS}", arn="arn:aws:dynamodb:::table/{JOBS}")'
    (project.folder / STORES).write_text(own.replace(line.strip(), gone))
    return own


def test_the_host_is_the_installed_one_where_there_is_one(sandbox: RunningSandbox) -> None:
    used = (sandbox.state.bin / "tools").resolve()
    if (installed := hosts.stock()) is None:
        assert (used.parent / "lib" / "language_host").is_dir()
    else:
        assert used == installed.resolve()


def test_back_and_forward(prod: Project) -> None:
    for release in (OLDER, RELEASE):
        prod.up(release)
        assert prod.outputs()["version"] == release
    prod.restore_settings()
    assert prod.pulumi("preview", "--expect-no-changes").code == 0


def test_the_pack_and_the_guard_refuse_what_loses_a_store(prod: Project) -> None:
    own = without_jobs(prod)
    judged = prod.pulumi("preview", "--policy-pack", str(prod.folder / "policies"))
    hooked = prod.pulumi("preview")
    (prod.folder / STORES).write_text(own)
    assert judged.code != 0
    assert "durable-store-removal" in judged.said
    assert JOBS in judged.said
    assert hooked.code != 0
    assert 'before hook "durable-store" failed' in hooked.said


def test_a_refusal_is_one_line_of_ours(prod: Project) -> None:
    done = prod.pulumi("preview", "--config", "version=v9.9.9")
    prod.restore_settings()
    assert done.code != 0
    said = "error: stacks/Pulumi.prod.yaml: rollback-stack:version: unknown version 'v9.9.9'"
    assert [line.partition(";")[0] for line in done.error_lines] == [said]


def test_a_review_names_the_store_that_a_change_would_lose(prod: Project, tmp_path: Path) -> None:
    without_git = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    made = copy_project(tmp_path / "project", {**without_git, **prod.environment})
    (made.folder / ".gitignore").write_text("/.venv\n__pycache__/\n")
    made.stack_file.write_bytes(prod.stack_file.read_bytes())
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "as deployed")):
        assert made.run("git", *identity, *words).code == 0
    passing = made.rollback("review", "-s", "prod", "--releases", "1", timeout=600)
    assert passing.code == 0, passing.said
    without_jobs(made)
    stopped = made.rollback("review", "-s", "prod", "--releases", "1", timeout=600)
    assert stopped.code == 1, stopped.said
    failing = [line for line in stopped.output.splitlines() if line.startswith("- ❌")]
    assert any(JOBS in line for line in failing), failing
    assert "non-zero exit code" not in stopped.said


def test_a_canary_that_fails_goes_back(prod: Project) -> None:
    done = prod.rollback("deploy", FAULTY, "--system", "security-assistant", timeout=600)
    assert done.code != 0, done.said
    assert "security-assistant job" in done.said or "CodeDeploy stopped the move" in done.said, done.said
    back = prod.rollback("deploy", RELEASE, "--system", "security-assistant", timeout=600)
    prod.restore_settings()
    assert back.code == 0, back.said
    assert prod.rollback("status").code == 0
