"""``docs/runbooks``, one page a system: what is cited of them is there, and what they name exists."""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.rollback import app
from policies.pack import BY_NAME
from stacks.systems import SYSTEMS
from tests.docs.markdown import anchors, headings
from tests.docs.names import command_exists, setting_exists

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "runbooks"
PAGES = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.stem != "README"}
NAMES = "|".join(SYSTEMS)
CITED = re.compile(rf"[Rr]unbook ({NAMES})\b(?:, ([^().:;\"`]+))?")
"""A page, then what begins with one of its headings: "runbook async-rag, level 1, step 4"."""
LINKED = re.compile(rf"(?:docs/)?runbooks/({NAMES})\.md(?:#([a-z0-9-]+))?")
STEP = re.compile(r"^, steps? (\d+)")

OF_CHANCE = {
    "docs/testing.md": "the fuzz",
    "sandbox/providers/aws/service.py": "the engine's random seed",
    "tests/project/test_interrupted.py": "random moments",
    "tests/sandbox/mesh/test_routes.py": "random requests",
    "tests/sandbox/providers/aws/harness.py": "the engine's random seed",
    "tests/sandbox/providers/aws/test_lifecycle.py": "the engine's random seed",
    "tests/sandbox/providers/aws/test_types.py": "the engine's random seed",
    "tests/cli/release/test_building.py": "PYTHONHASHSEED",
    "tests/packaging/foreign.py": "an environment with pip in it",
    "policies/checkov/data/words.json": "a list of English words",
}
"""Where the word means what makes chance repeatable."""
FUZZ = "tests/guard/fuzz/"
PUBLISHED = {
    "apps/functions/async-rag/_shared/1.0.0/rag/log.py",
    "apps/functions/async-rag/_shared/1.0.0/rag/schema.py",
    "apps/functions/async-rag/_shared/1.1.0/rag/hybrid.py",
    "apps/functions/async-rag/process_document_for_rag/1.0.0/handler.py",
    "apps/functions/compaction/_shared/1.0.0/compaction/log.py",
    "apps/functions/compaction/_shared/1.0.0/compaction/metrics.py",
    "apps/functions/compaction/_shared/1.0.0/compaction/repair.py",
    "apps/functions/compaction/_shared/1.1.0/compaction/switch.py",
    "apps/functions/security-assistant/_shared/1.0.0/assistant/smoke.py",
    "apps/functions/security-assistant/api/1.0.0/handler.py",
    "apps/functions/security-assistant/worker/1.0.0/handler.py",
    "apps/layers/compaction/receipt_chroma/1.1.0/python/receipt_chroma/compaction/repair.py",
}
"""Sources whose bytes published releases pin by hash: a word of a docstring can't be mended there any more."""


@functools.cache
def tracked() -> tuple[str, ...]:
    """Every file that git knows and that is text."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(name for name in names.split("\0") if name and (ROOT / name).is_file())


@functools.cache
def text(name: str) -> str:
    """A file's text; empty where it is none."""
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""


def flat(content: str) -> str:
    """Without the line breaks, and what begins a comment's lines."""
    return re.sub(r"\s*\n\s*(?:#|//|--)?\s*", " ", content)


def citations() -> Iterator[tuple[str, str, str]]:
    """File, runbook and the part that is cited; empty where it is the whole page."""
    for name in tracked():
        if name != Path(__file__).relative_to(ROOT).as_posix():
            yield from ((name, found[1], (found[2] or "").strip()) for found in CITED.finditer(flat(text(name))))


def fault(runbook: str, part: str) -> str | None:
    """What of a citation isn't there."""
    if runbook not in PAGES:
        return f"no page of {runbook}"
    sections = headings(PAGES[runbook].read_text())
    title = next((each for each in sorted(sections, key=len, reverse=True) if begins(part, each)), None)
    if title is None:
        return f"{runbook}.md has no heading with which {part!r} begins" if part else None
    if (step := STEP.match(part[len(title) :])) and f"\n| {step[1]} |" not in sections[title]:
        return f"{runbook}.md, {title}, has no step {step[1]}"
    return None


def begins(part: str, title: str) -> bool:
    return re.match(rf"{re.escape(title)}(?!\w)", part, re.IGNORECASE) is not None


def test_every_system_has_a_page() -> None:
    assert set(PAGES) == set(SYSTEMS)


def test_what_is_cited_is_there() -> None:
    found = list(citations())
    assert {runbook for _, runbook, part in found if part} == set(SYSTEMS)
    # "runbook async-rag, and …" is a sentence that goes on, and no part.
    wrong = [(name, said) for name, runbook, part in found if part[:4] != "and " and (said := fault(runbook, part))]
    assert wrong == []


@pytest.mark.parametrize(
    ("runbook", "part", "right"),
    [
        ("async-rag", "level 1, step 4", True),
        ("async-rag", "Level 1", True),
        ("async-rag", "", True),
        ("async-rag", "level 1, step 9", False),
        ("async-rag", "level 4", False),
        ("async-rag", "level 10", False),
        ("nobody", "level 1", False),
    ],
)
def test_a_wrong_citation_is_found(runbook: str, part: str, right: bool) -> None:
    assert (fault(runbook, part) is None) is right


def test_linked_headings_are_there() -> None:
    links = [(name, *found.groups()) for name in tracked() for found in LINKED.finditer(text(name))]
    assert len(links) > len(SYSTEMS)
    wrong = [link for link in links if link[2] and link[2] not in anchors(PAGES[link[1]].read_text())]
    assert wrong == []


@pytest.mark.parametrize("page", ["README", *PAGES])
def test_settings_policies_and_commands_of_a_page_exist(page: str) -> None:
    content = (FOLDER / f"{page}.md").read_text()
    words = [*re.findall(r"`([^`]+)`", content), *re.findall(r"^ {4}(.+)$", content, re.MULTILINE)]
    settings = {found for each in words for found in re.findall(rf"(?<![\w/-])((?:{NAMES}):[A-Za-z0-9.]+)", each)}
    commands = {found for each in words for found in re.findall(r"(?:^|&& )(rollback [a-z].*)", each)}
    policies = set(re.findall(r"polic(?:y|ies) `([a-z-]+)`(?: and `([a-z-]+)`)?", content))
    assert [each for each in settings if not setting_exists(each)] == []
    assert [each for each in commands if not command_exists(app, shlex.split(each)[1:])] == []
    assert {name for pair in policies for name in pair if name} - set(BY_NAME) == set()


def test_no_word_that_only_the_authors_know() -> None:
    word = re.compile(r"\bseed", re.IGNORECASE)
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = {name for name in tracked() if name != here and not name.startswith(FUZZ) and word.search(text(name))}
    assert found - PUBLISHED - set(OF_CHANCE) == set()
    assert [name for name in OF_CHANCE if re.search(r"\bseeds? 0\d\d", text(name), re.IGNORECASE)] == []
