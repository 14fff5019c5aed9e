"""Plain words for every fault that a typed model can find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints, ValidationError

from core import validation as words
from core.model import Model, explain

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = re.compile(r"(?<!_)pattern=r?f?\"(.+?)\"(?=[),])")
OTHERS = {
    r"^urn:pulumi:[^:]+::[^:]+::.+",
    r"^\d{1,12}$",
    r"^\d{8}t\d{9}z-[0-9a-f]{8}$",
    r"^([0-9a-f]{2048})?$",
}
"""Patterns of records that the program writes itself, and nobody types."""


def patterns() -> Iterator[tuple[str, str]]:
    """Every pattern that a model of the product gives its text."""
    for folder in ("core", "stacks", "guard", "policies", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "words.py":
                continue
            for found in WRITTEN.findall(path.read_text()):
                yield (
                    path.name,
                    found.replace("{VERSION_PATTERN.pattern}", r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"),
                )


def test_every_pattern_is_told_in_words() -> None:
    found = set(patterns())
    assert len(found) > 15
    assert [each for each in found if each[1] not in {*words.PATTERNS, *OTHERS}] == []


class Inner(Model):
    size: int


class Example(Model):
    whole: Annotated[int, Field(ge=1, le=1_000)] = 1
    perhaps: Annotated[int, Field(ge=2)] | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    short: Annotated[str, StringConstraints(max_length=3)] = "a"
    long: Annotated[str, Field(min_length=8)] = "a" * 8
    form: Annotated[str, StringConstraints(pattern="^x+$")] = "x"
    choice: Literal["a", "b"] = "a"
    many: Annotated[tuple[int, ...], Field(min_length=2)] = (1, 2)
    inner: Inner | None = None
    table: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"whole": 0}, "whole is 0; it has to be a whole number from 1 to 1,000"),
        ({"whole": 1.5}, "whole is 1.5; it has to be a whole number from 1 to 1,000"),
        ({"whole": None}, "whole is null; it has to be a whole number from 1 to 1,000"),
        ({"perhaps": 1}, "perhaps is 1; it has to be a whole number from 2"),
        ({"share": 1}, "share is 1; it has to be a number above 0 below 1"),
        ({"share": "x"}, "share is 'x'; it has to be a number above 0 below 1"),
        ({"short": "abcd"}, "short is 'abcd'; it has to be text of at most 3 characters"),
        ({"long": "abc"}, "long is 'abc'; it has to be text of at least 8 characters"),
        ({"form": "y"}, "form is 'y'; it has to be text of the form ^x+$"),
        ({"choice": "c"}, "choice is 'c'; it has to be a or b"),
        ({"many": [1]}, "many is [1]; it has to be a list of at least 2 entries"),
        ({"many": ["x", 2]}, "many.0 is 'x'; it has to be a whole number"),
        ({"inner": "v1"}, "inner is 'v1'; it has to be a mapping with size"),
        ({"table": {"a": {"size": "x"}}}, "table.a.size is 'x'; it has to be a whole number"),
        ({"table": "x" * 99}, f"table is '{'x' * 58}…; it has to be a mapping of keys to values"),
        ({"inner": {}}, "inner.size is missing"),
        ({"hole": 1}, "unknown key hole (did you mean whole?); valid: choice, form, inner, long, many, perhaps"),
    ],
)
def test_a_fault_says_what_was_given_and_what_would_be_right(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Example.model_validate(given)
    assert str(explain(caught.value, "here", Example)).startswith(f"here: {said}")
