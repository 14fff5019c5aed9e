"""``docs/real-account.md`` is followed word for word: versions, rows and limits in it are those of the code."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.preflight.checks import CHECKS
from cli.rights.document import LIMIT

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "real-account.md").read_text()


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("pulumi", "Pulumi {}"),
        ("pulumi-aws", "pulumi plugin install resource aws {}"),
        ("pulumi-kubernetes", "pulumi plugin install resource kubernetes {}"),
    ],
)
def test_versions_are_those_of_the_sdks(package: str, words: str) -> None:
    assert words.format(version(package)) in TEXT


@pytest.mark.parametrize("check", sorted({re.sub(r": .*", ": …", name) for name in CHECKS}))
def test_every_row_is_told(check: str) -> None:
    first = [line.split("|")[1] for line in TEXT.splitlines() if line.startswith("| ")]
    assert check in [name.strip() for cell in first for name in cell.split(",")]


def test_the_limit_is_the_one_of_the_code() -> None:
    assert f"at most {LIMIT:,} characters" in TEXT
