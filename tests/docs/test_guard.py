"""``docs/guard.md`` says what was tried and which test shows it; here each of them is looked up."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
TEXT = (TESTS.parent / "docs" / "guard.md").read_text()
TABLE = TEXT.partition("## Every kind that was tried")[2].partition("\n## ")[0]
LINES = [line for line in TABLE.splitlines() if line.startswith("| ")]
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in LINES[1:]]
COLUMNS = 7


@functools.cache
def defined(path: Path) -> frozenset[str]:
    """The functions of a test file."""
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))


def missing(name: str) -> str | None:
    """What of a test isn't there."""
    file, _, function = name.partition("::")
    path = TESTS / file
    if not path.is_file():
        return file
    return name if function and function not in defined(path) else None


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_names_tests_that_are_there(row: list[str]) -> None:
    assert len(row) == COLUMNS
    named = re.findall(r"`([^`]+)`", row[-1])
    assert named
    assert [found for each in named if (found := missing(each))] == []


def test_every_scenario_is_in_the_table() -> None:
    scenarios = {path.name for path in (TESTS / "guard" / "scenarios").glob("*.yaml")}
    assert {name for name in scenarios if f"/{name}`" not in TABLE} == set()


def test_every_finding_of_the_audit_that_the_table_names_is_one() -> None:
    sources = "\n".join(path.read_text() for path in (TESTS.parent / "guard").glob("*.py"))
    known = set(re.findall(r'"([a-z]+-[a-z]+(?:-[a-z]+)?)"', sources)) | {"unguarded", "unfinished"}
    named = {word for row in ROWS for word in re.findall(r"`([a-z]+(?:-[a-z]+)*)`", row[5])}
    assert named - known == set()


@pytest.mark.parametrize(
    "name", ["guard/test_gate.py::test_nothing", "guard/test_nothing.py", "guard/scenarios/no.yaml"]
)
def test_a_test_that_isnt_there_is_found(name: str) -> None:
    assert missing(name) is not None
