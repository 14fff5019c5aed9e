"""Programs that stand in texts: what they import is there, which no type checker looks at."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = "apps|cli|codedeploy|components|core|guard|policies|sandbox|stacks|toolchain"
IMPORT = re.compile(rf"^\s*from ((?:{FOLDERS})(?:\.\w+)*) import (\([^)]*\)|[^\n#(]+)", re.MULTILINE)
PUBLISHED = ("apps/functions/", "apps/images/", "apps/layers/", "apps/revisions/")


def embedded() -> Iterator[tuple[str, str, str]]:
    """Place, module and name of everything that a text imports from the project."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split():
        path = ROOT / name
        if name.startswith(PUBLISHED) or not path.exists():
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for module, names in IMPORT.findall(node.value):
                    for each in re.findall(r"\w+(?: as \w+)?", names):
                        yield f"{name}:{node.lineno}", module, each.partition(" as ")[0]


def is_there(module: str, name: str) -> bool:
    """Whether a module has a name, or a module of that name lies in it."""
    try:
        if hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


def test_what_programs_in_texts_import_is_there() -> None:
    found = list(embedded())
    assert ("cli.takeover.adoption", "adopt") in {(module, name) for _, module, name in found}
    assert [each for each in found if not is_there(*each[1:])] == []


def test_an_import_of_what_is_not_there_is_found() -> None:
    assert is_there("core.urn", "name_of")
    assert is_there("core", "urn")
    assert not is_there("core.urn", "nothing")
    assert not is_there("core.nothing", "name_of")
