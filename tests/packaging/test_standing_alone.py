"""Guard and policies need nothing of this repository but core: every module is imported where only that is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT

PROGRAM = """
import importlib, json, pkgutil, sys
packages, folder, site = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.path[:0] = [folder]
sys.path.append(site)
names = []
for package in packages:
    names.append(package)
    names += [each.name for each in pkgutil.walk_packages([f"{folder}/{package}"], f"{package}.")]
failed = {}
for name in names:
    if name.endswith("__main__") or ".checkov.checks." in name or ".checkov.worker" in name:
        continue  # programs, and what runs in checkov's own environment
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps([len(names), failed]))
"""


def imported_alone(tmp_path: Path, *folders: str) -> tuple[int, dict[str, str]]:
    """How many modules the folders have, and what importing each raises where nothing else of the project is there."""
    for folder in folders:
        shutil.copytree(ROOT / folder, tmp_path / "alone" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    site = next(path for path in sys.path if path.endswith("site-packages"))
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, json.dumps(folders), str(tmp_path / "alone"), site]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=240)
    count, failed = json.loads(done.stdout)
    return count, failed


@pytest.mark.parametrize(
    ("folders", "least"), [(("core",), 12), (("core", "guard"), 60), (("core", "guard", "policies"), 120)]
)
def test_every_module_is_imported_where_the_other_folders_are_absent(
    tmp_path: Path, folders: tuple[str, ...], least: int
) -> None:
    count, failed = imported_alone(tmp_path, *folders)
    assert failed == {}
    assert count >= least


def test_a_module_that_needs_another_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "alone" / "guard").mkdir(parents=True)
    shutil.copytree(ROOT / "core", tmp_path / "alone" / "core")
    (tmp_path / "alone" / "guard" / "__init__.py").write_text("")
    (tmp_path / "alone" / "guard" / "late.py").write_text("import stacks.settings\n")
    site = next(path for path in sys.path if path.endswith("site-packages"))
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, '["guard"]', str(tmp_path / "alone"), site]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)[1] == {"guard.late": "ModuleNotFoundError: No module named 'stacks'"}
