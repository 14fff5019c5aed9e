"""Every type that the program creates is named as durable or as stateless, and nothing as both."""

from __future__ import annotations

import pytest

from guard.durable import DURABLE, look_up, physical_name
from guard.stateless import STATELESS
from stacks.releases import versions
from tests.components.mocked import run_program

OWN = "rollback:"
"""Components hold nothing themselves."""


@pytest.mark.parametrize(
    "stack", [pytest.param("dev", marks=pytest.mark.long), pytest.param("staging", marks=pytest.mark.long), "prod"]
)
@pytest.mark.parametrize("version", versions())
def test_every_type_that_the_program_creates_is_one_or_the_other(stack: str, version: str) -> None:
    created = {each.typ for each in run_program(stack, rollback_stack__version=version).resources.values()}
    unnamed = {token for token in created if not token.startswith(OWN)} - DURABLE.keys() - STATELESS
    assert unnamed == set(), "name these in guard/durable.py or guard/stateless.py"


def test_no_type_is_both() -> None:
    assert not DURABLE.keys() & STATELESS


def test_every_durable_type_has_a_bound_and_a_name() -> None:
    for token, durable in DURABLE.items():
        assert 0 < durable.bound.total_seconds() <= 86_400, token
        assert durable.name, token
        assert durable.identity, token


@pytest.mark.parametrize(
    ("inputs", "path", "found"),
    [
        ({"name": "a"}, "name", "a"),
        ({"metadata": {"name": "b"}}, "metadata.name", "b"),
        ({"metadata": "c"}, "metadata.name", None),
        ({}, "name", None),
        (None, "name", None),
    ],
)
def test_a_value_is_found_at_its_path(inputs: dict[str, object] | None, path: str, found: object) -> None:
    assert look_up(inputs, path) == found


def test_a_store_without_a_name_is_known_by_its_id() -> None:
    token = "aws:dynamodb/table:Table"
    assert physical_name(token, {"name": "receipts"}) == "receipts"
    assert physical_name(token, {}, "receipts-1a2b") == "receipts-1a2b"
    assert physical_name(token, None) == "(unnamed)"
