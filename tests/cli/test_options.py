"""Options that several commands share."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from cli import rollback

CHANGING = (
    ("deploy", "v1.2.3"),
    ("up",),
    ("guard", "approve", "jobs", "--by", "A. Tester", "--reason", "it is a copy"),
    ("guard", "revoke", "jobs"),
    ("guard", "close", "jobs", "--by", "A. Tester", "--reason", "it is a copy"),
    ("guard", "import", "jobs"),
    ("recovery", "make", "jobs"),
    ("recovery", "verify", "--newest", "jobs"),
    ("recovery", "restore", "2026", "--to", "jobs"),
    ("release", "publish", "v1.2.3"),
    ("release", "retire"),
    ("takeover", "template.yaml", "--stack-name", "x"),
)


@pytest.mark.parametrize("words", CHANGING, ids=lambda words: "-".join(words[:2]))
def test_a_command_that_changes_something_has_no_stack_of_its_own(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(rollback.app, words, standalone_mode=False)
    assert isinstance(done.exception, typer.BadParameter)
    assert str(done.exception) == "no stack is named: give -s dev, -s staging or -s prod"


@pytest.mark.parametrize("words", [("guard", "approve"), ("status",)], ids=lambda words: words[-1])
def test_a_stack_that_there_is_not_is_refused_with_the_nearest_one(words: tuple[str, ...]) -> None:
    rest = ("jobs", "--by", "A. Tester", "--reason", "it is a copy") if "approve" in words else ()
    done = CliRunner().invoke(rollback.app, (*words, *rest, "-s", "production"), standalone_mode=False)
    assert "unknown stack 'production' (did you mean prod?)" in str(done.exception)
