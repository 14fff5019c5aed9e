"""Reading an exported state, also an empty one and one of a killed update."""

from __future__ import annotations

from typing import Any

import pytest

from core.state import (
    live_resources_of,
    outputs_of,
    pending_operations_of,
    resources_of,
    resources_of_type,
    stack_outputs_of,
)

STACK = {"urn": "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev", "type": "pulumi:pulumi:Stack", "outputs": {"v": "1"}}
QUEUE: dict[str, Any] = {"urn": "urn:pulumi:dev::p::aws:sqs/queue:Queue::jobs", "type": "aws:sqs/queue:Queue"}
GOING = {**QUEUE, "delete": True, "outputs": {"url": "old"}}
NOW = {**QUEUE, "outputs": {"url": "new"}}
STATE = {"deployment": {"resources": [STACK, GOING, NOW], "pending_operations": [{"type": "creating"}]}}


@pytest.mark.parametrize("empty", [{}, {"deployment": None}, {"deployment": {}}, {"deployment": {"resources": None}}])
def test_an_empty_state_has_nothing(empty: dict[str, Any]) -> None:
    assert list(resources_of(empty)) == list(live_resources_of(empty)) == list(pending_operations_of(empty)) == []
    assert stack_outputs_of(empty) == {}
    assert outputs_of(empty, QUEUE["type"], "jobs") is None


def test_what_waits_for_its_deletion_is_no_live_resource() -> None:
    assert list(resources_of(STATE)) == [STACK, GOING, NOW]
    assert list(live_resources_of(STATE)) == [STACK, NOW]
    assert list(resources_of_type(STATE, QUEUE["type"])) == [NOW]
    assert outputs_of(STATE, QUEUE["type"], "jobs") == {"url": "new"}
    assert outputs_of(STATE, QUEUE["type"], "other") is None


def test_outputs_of_the_stack_and_operations_of_a_killed_update() -> None:
    assert stack_outputs_of(STATE) == {"v": "1"}
    assert list(pending_operations_of(STATE)) == [{"type": "creating"}]
