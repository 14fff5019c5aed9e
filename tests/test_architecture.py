"""The rules of the layout: which folder may know which, and how big a room may get."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "core": set(),
    "apps": set(),
    "toolchain": set(),
    "stacks": {"core"},
    "components": {"core", "stacks"},
    "codedeploy": {"core", "stacks"},
    "guard": {"core"},
    "policies": {"core", "guard"},
    "cli": {"core", "stacks", "guard", "policies", "codedeploy", "apps"},
    "sandbox": {"apps", "toolchain"},
    "wheels": set(),
}
"""The arrows go one way; nothing in the product knows the sandbox, and the sandbox knows nothing of the product but
the sources of what machines run."""
ALONE = {"wheels"}
"""What imports none of the others, and none of them imports it."""
LONGEST_FILE = 400


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_every_folder_is_there(folder: str) -> None:
    assert list((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_dependencies_point_one_way(folder: str) -> None:
    forbidden = {*MAY_IMPORT, "tests"} - MAY_IMPORT[folder] - {folder}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imported(path)
        if name in forbidden
    ]
    assert wrong == []


def test_components_look_nothing_up_in_the_environment() -> None:
    impure = {"os", "time", "datetime", "random", "secrets", "uuid", "boto3", "kubernetes"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "components").rglob("*.py")
        for name in imported(path)
        if name in impure
    ]
    assert wrong == []


def test_components_read_no_manifests_and_no_files() -> None:
    """What they are declared from is handed in: ``stacks`` reads it, and the program passes it on."""
    readers = {"stacks.releases", "stacks.file", "stacks.pinned", "pathlib", "yaml"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {node.module}"
        for path in (ROOT / "components").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module in readers
    ]
    assert wrong == []


def test_no_policy_file_hides_a_module_of_python() -> None:
    """A pack's folder is where its process looks for modules first: a `selectors.py` there broke every import."""
    assert {path.stem for path in (ROOT / "policies").iterdir()} & sys.stdlib_module_names == set()


def test_no_file_outgrows_its_room() -> None:
    sources = [path for folder in (*MAY_IMPORT, "tests") for path in (ROOT / folder).rglob("*.py")]
    assert sources
    too_long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}
    assert {path: lines for path, lines in too_long.items() if lines > LONGEST_FILE} == {}


def drawn() -> set[tuple[str, str]]:
    """The arrows of the picture in ``docs/architecture.md``, by the folders' names."""
    picture = (ROOT / "docs" / "architecture.md").read_text().partition("```mermaid")[2].partition("```")[0]
    boxes = {
        name: label.rstrip("/") for name, label in re.findall(r'^ +(\w+)\["([\w.]+/?)<br/>', picture, re.MULTILINE)
    }
    return {(boxes[one], boxes[other]) for one, other in re.findall(r"^ +(\w+) --> (\w+)$", picture, re.MULTILINE)}


def reached(arrows: set[tuple[str, str]], start: str) -> set[str]:
    """What a folder leads to by one arrow or several."""
    found = {other for one, other in arrows if one == start}
    return found | {further for each in found for further in reached(arrows, each)}


def test_the_picture_draws_no_import_that_is_not_allowed() -> None:
    arrows = {(one, other) for one, other in drawn() if one in MAY_IMPORT}
    assert {folder for arrow in arrows for folder in arrow} == set(MAY_IMPORT) - ALONE
    assert all(f"{folder}[" in (ROOT / "docs" / "architecture.md").read_text() for folder in ALONE)
    assert {(one, other) for one, other in arrows if other not in MAY_IMPORT[one]} == set()


@pytest.mark.parametrize("folder", [*MAY_IMPORT, "__main__.py"])
def test_the_picture_draws_every_import_or_a_way_to_it(folder: str) -> None:
    path = ROOT / folder
    files = [path] if path.is_file() else path.rglob("*.py")
    really = {name for file in files for name in imported(file) if name in MAY_IMPORT} - {folder}
    assert really - reached(drawn(), folder) == set()
