"""``docs/systems.md`` says where everything of the runbooks lives; here it is looked up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stacks.systems import SYSTEMS
from tests.components.mocked import run_program

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "systems.md").read_text()
HEADINGS = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
"""The systems that have a runbook."""
ROW = re.compile(r"^\| (?P<name>.+) \| `(?P<home>[^`]+)` \| `(?P<words>[^`]+)` \|$", re.MULTILINE)
ROWS = [(found["name"], found["home"], found["words"]) for found in ROW.finditer(TEXT)]
PHYSICAL = re.compile(r"`([A-Za-z_-]*-prod[A-Za-z_-]*)`")


def content(home: Path) -> str:
    """A file's text, or the text of all files below a folder."""
    files = [home] if home.is_file() else [path for path in sorted(home.rglob("*")) if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files)


def test_every_row_of_every_table_is_read() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "|---" not in line]
    headings = [line for line in rows if line.startswith("| the runbook's |")]
    assert len(ROWS) == len(rows) - len(headings)
    assert len(headings) == len(HEADINGS)


def test_every_table_is_of_a_system() -> None:
    assert HEADINGS
    assert set(HEADINGS) <= set(SYSTEMS)


@pytest.mark.parametrize(("name", "home", "words"), ROWS, ids=[name for name, _, _ in ROWS])
def test_a_row_has_a_home_with_its_words(name: str, home: str, words: str) -> None:
    assert (ROOT / home).exists(), f"{name}: there is no {home}"
    assert words in content(ROOT / home), f"{name}: {home} doesn't hold {words}"


def test_every_physical_name_is_declared_for_prod() -> None:
    declared = json.dumps([args.inputs for args in run_program("prod").resources.values()], default=str)
    wanted = {found for name, _, _ in ROWS for found in PHYSICAL.findall(name)}
    assert len(wanted) > 30
    assert sorted(name for name in wanted if f'"{name}"' not in declared) == []
