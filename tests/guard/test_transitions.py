"""Every release, deployed and then gone back from, under mocks: the plan refuses nothing that a rollback does."""

from __future__ import annotations

import functools
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pulumi.runtime.mocks import MockResourceArgs

from core.state import STACK
from guard.changes import Changes
from guard.declared import Declared
from guard.guard import Guard
from guard.in_place.hook import LossHook
from guard.plan import Plan, compare
from guard.previous import Previous, previous
from stacks.releases import versions
from tests.components.mocked import Recorder, run_program

NOTHING = Path("/nonexistent")


@functools.cache
def declared(version: str, **changes: str) -> tuple[Declared, Previous]:
    """What the program declares of a release, and the state that it leaves."""
    seen: list[Declared] = []
    whole = Guard.plan

    def plan(guard: Guard) -> Plan:
        seen.append(guard.declared)
        return whole(guard)

    with patch.object(Guard, "plan", plan):
        made = run_program.__wrapped__(rollback_stack__version=version, **changes).resources
    (found,) = seen
    stack = "urn:pulumi:prod::rollback-stack::pulumi:pulumi:Stack::rollback-stack-prod"
    left: dict[str, Any] = {stack: {"type": STACK, "outputs": {"guard": {"read": sorted(found.read)}}}}
    for urn in sorted(found.urns):
        token, name = urn.split("::")[2].rpartition("$")[2], urn.rpartition("::")[2]
        told = made.get(name)
        outputs = _outputs(found, urn, told) if told is not None and told.typ == token else {}
        left[urn] = {"type": token, "outputs": outputs}
    return found, previous(left)


def _outputs(found: Declared, urn: str, made: MockResourceArgs) -> dict[str, Any]:
    """What the services tell of a resource."""
    identifier, outputs = Recorder().new_resource(made)
    store = found.stores.get(urn)
    return {**outputs, "id": identifier, **({"region": store.location.region} if store is not None else {})}


def difference(start: str, end: str, **changes: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The stores that go, and the losses."""
    (_, before), (now, _) = declared(start), declared(end, **changes)
    gone = compare(before, now)
    changed = Changes(before, now, LossHook("prod", NOTHING)).told()
    return [store.urn for store in gone.removed] + [store.urn for store, _ in gone.replaced], changed


NEWEST, OLDEST = "v1.2.3", "v1.2.1"
PAIRS = [(NEWEST, NEWEST), (NEWEST, OLDEST), (OLDEST, NEWEST)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        *PAIRS,
        *(pytest.param(*pair, marks=pytest.mark.long) for pair in permutations(versions(), 2) if pair not in PAIRS),
    ],
)
def test_no_way_between_releases_takes_a_store_or_loses_anything(start: str, end: str) -> None:
    assert difference(start, end) == ([], [])


def test_a_shorter_retention_is_told_of_each_log_group() -> None:
    gone, told = difference(NEWEST, NEWEST, async_rag__logRetentionDays="14")
    assert gone == []
    assert {entry["kind"] for entry in told} == {"logs"}
    assert {loss["path"] for entry in told for loss in entry["losses"]} == {"retentionInDays"}
    assert len(told) > 5
