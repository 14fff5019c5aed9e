"""What is in the wheels: the folders under another name, every import renamed, nothing of this project's own."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.project import ROOT
from wheels.build import WHEELS, WheelError, build, renamed, stage

OWN = {"rollback_stack", "core", "guard", "policies"}
EXTRAS = {"guard": {"psycopg", "kubernetes", "securesystemslib", "botocore"}, "policies": set()}
"""What is imported where it is needed: an extra, or what boto3 brings."""
ELSEWHERE = ("policies/checkov/worker/", "policies/checkov/checks/")
"""Runs in checkov's environment."""


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("from guard import approvals\n", "from rollback_stack.guard import approvals\n"),
        ("from core.model import (\n    Model,\n)\n", "from rollback_stack.core.model import (\n    Model,\n)\n"),
        (
            "def f():\n    from policies.rule import Rule\n",
            "def f():\n    from rollback_stack.policies.rule import Rule\n",
        ),
        ("from guardian import x\nfrom . import guard\nimport corelib\n", None),
        ("TEXT = 'from guard import x'\n", None),
    ],
)
def test_imports_are_renamed_and_nothing_else(source: str, wanted: str | None) -> None:
    assert renamed(source) == (source if wanted is None else wanted)


@pytest.mark.parametrize("source", ["import guard\n", "import os, core.model\n", "import policies.rule as rule\n"])
def test_an_import_that_binds_another_name_is_refused(source: str) -> None:
    with pytest.raises(WheelError, match=r"x\.py:1: import names"):
        renamed(source, "x.py")


@pytest.mark.parametrize("name", WHEELS)
def test_every_import_is_declared_or_our_own(tmp_path: Path, name: str) -> None:
    stage(name, tmp_path)
    settings = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[<>=]", each)[0] for each in settings["dependencies"]}
    of, wrong = packages_distributions(), set()
    for path in (tmp_path / "src" / "rollback_stack").rglob("*.py"):
        inside = path.relative_to(tmp_path / "src" / "rollback_stack").as_posix()
        if inside.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for top in {each.partition(".")[0] for each in names} - set(sys.stdlib_module_names):
                packages = {re.sub(r"[-_.]+", "-", each).lower() for each in of.get(top, ())}
                if top == "rollback_stack" or top in EXTRAS[name] or packages & declared:
                    continue
                wrong.add(f"{inside} imports {top}")
    assert wrong == set()


@pytest.mark.parametrize("name", WHEELS)
def test_the_same_sources_make_the_same_bytes_and_hold_nothing_of_this_project(tmp_path: Path, name: str) -> None:
    first, second = (build(name, tmp_path / each) for each in ("one", "two"))
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest()
    with zipfile.ZipFile(first) as wheel:
        files = set(wheel.namelist())
    code = {each for each in files if each.startswith("rollback_stack/")}
    tops = {each.split("/")[1] for each in code}
    assert tops == set(WHEELS[name].folders)
    assert all(f"rollback_stack/{top}/py.typed" in files for top in tops)
    assert any(each.endswith("/licenses/LICENSE") for each in files)
    assert not files & {f"rollback_stack/{each}" for each in WHEELS[name].left_out}
    sources = {path.relative_to(ROOT).as_posix() for top in tops for path in (ROOT / top).rglob("*.py")}
    assert {f"rollback_stack/{each}" for each in sources} - files == {
        f"rollback_stack/{each}" for each in WHEELS[name].left_out if each.endswith(".py")
    }
