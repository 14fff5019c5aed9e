"""``docs/glossary.md`` says which words aren't used; messages, pages and docstrings are held to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "glossary.md").read_text()
PHRASES = TEXT.partition("## Words that are not used")[2].partition("\nNames of")[0]
FOLDERS = ("apps", "cli", "codedeploy", "components", "core", "guard", "policies", "stacks", "toolchain")
HISTORY = ("docs/decisions/", "docs/glossary.md")
"""Pages that say what was."""


def phrases() -> list[tuple[str, str]]:
    """What isn't said, and what is said in its place."""
    rows = re.findall(r"^\| (`.+`) \| (.+) \|$", PHRASES, re.MULTILINE)
    return [(phrase, other) for cell, other in rows for phrase in re.findall(r"`([^`]+)`", cell)]


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the product that a person may read: pages, and all strings of the sources, docstrings too."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        name = page.relative_to(ROOT).as_posix()
        if not name.startswith(HISTORY):
            yield name, page.read_text()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.relative_to(ROOT).as_posix().startswith(PUBLISHED):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


PUBLISHED = ("apps/functions/", "apps/layers/", "apps/images/", "apps/revisions/")
"""What releases pin by its bytes."""


TEXTS = list(texts())


@pytest.mark.parametrize(("phrase", "other"), phrases(), ids=[phrase for phrase, _ in phrases()])
def test_what_the_glossary_rules_out_is_said_nowhere(phrase: str, other: str) -> None:
    word = re.compile(rf"\b{re.escape(phrase)}\b")
    assert [place for place, text in TEXTS if word.search(" ".join(text.split()))] == [], f"say {other!r}"


def test_the_test_reads_pages_and_sources() -> None:
    names = {place.partition(":")[0] for place, _ in TEXTS}
    assert {"README.md", "docs/guard.md", "cli/rollback.py", "guard/hook.py"} <= names
    assert len(phrases()) >= 15
