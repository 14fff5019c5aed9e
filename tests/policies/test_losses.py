"""Losses in place: refused until somebody approves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from guard.in_place import Loss, described, losses, refusal
from guard.marks import PLAN
from policies.subject import UNKNOWN
from tests.policies.cases import FACTS, make, said, urn
from tests.policies.declared import Declared, declare

QUEUE = "aws:sqs/queue:Queue"
FOUND = losses(QUEUE, {"messageRetentionSeconds": 345_600}, {"messageRetentionSeconds": 60})
ENTRY = {"urn": urn("jobs"), "type": QUEUE, "name": "jobs-prod", "losses": described(FOUND)}
REFUSED = {**ENTRY, "refusal": refusal("jobs-prod", "prod", FOUND)}


def test_a_loss_is_refused_with_what_goes_and_the_command_that_approves_it() -> None:
    assert said("durable-store-loss", make(PLAN, props={"losses": [REFUSED]})) == [
        "jobs-prod would lose data: messages older than 60 s go: retention 345,600 s -> 60 s (property "
        "messageRetentionSeconds; nothing brings it back); this isn't approved\n"
        "  rollback guard approve jobs-prod --action lose --by NAME --reason TEXT -s prod\n"
        f"{urn('jobs')}"
    ]


def refused(name: str, system: str = "compaction", seconds: int = 60) -> dict[str, Any]:
    found = losses(QUEUE, {"messageRetentionSeconds": 345_600}, {"messageRetentionSeconds": seconds})
    named = {"urn": urn(name), "type": QUEUE, "name": name, "system": system, "losses": described(found)}
    return {**named, "refusal": refusal(name, "prod", found)}


def test_stores_of_one_system_that_lose_by_one_cause_are_one_violation_with_one_command() -> None:
    names = ["labels-prod", "jobs-prod", "dead-prod", "retry-prod"]
    (text,) = said("durable-store-loss", make(PLAN, props={"losses": [refused(name) for name in names]}))
    assert text == (
        "4 stores (labels-prod, jobs-prod, dead-prod and 1 more) would lose data: messages older than 60 s go: "
        "retention 345,600 s -> 60 s (property messageRetentionSeconds; nothing brings it back); this isn't "
        "approved\n  rollback guard approve compaction --action lose --property messageRetentionSeconds --by NAME "
        f"--reason TEXT -s prod\n{urn('labels-prod')}"
    )


def test_what_has_another_cause_or_another_system_is_a_violation_of_its_own() -> None:
    told = [
        refused("a-prod"),
        refused("b-prod", seconds=90),
        refused("c-prod", "async-rag"),
        {**ENTRY, "refusal": None},
    ]
    found = said("durable-store-loss", make(PLAN, props={"losses": told}))
    assert [text.partition(" ")[0] for text in found] == ["a-prod", "b-prod", "c-prod"]


def test_stores_of_no_system_are_approved_one_by_one() -> None:
    told = [refused("a-prod", "shared"), refused("b-prod", "shared")]
    (text,) = said("durable-store-loss", make(PLAN, props={"losses": told}))
    assert text.startswith("2 stores (a-prod, b-prod) would lose data")
    assert "rollback guard approve a-prod --action lose" in text
    assert "and so for each of the others" in text


@pytest.mark.parametrize("told", [[], None, [{**ENTRY, "refusal": None}], [ENTRY]])
def test_what_is_approved_or_not_lost_is_no_violation(told: object) -> None:
    assert said("durable-store-loss", make(PLAN, props={"losses": told})) == []
    assert said("durable-store-loss", make(PLAN, props={})) == []


@pytest.mark.parametrize("told", [UNKNOWN, [UNKNOWN], [{**ENTRY, "refusal": UNKNOWN}]])
def test_what_cannot_be_known_is_refused(told: object) -> None:
    (text,) = said("durable-store-loss", make(PLAN, props={"losses": told}))
    assert "can't be known in a preview" in text


def test_a_state_tells_of_what_was_done_long_ago() -> None:
    assert said("durable-store-loss", make(PLAN, props={"losses": [REFUSED]}), facts=replace(FACTS, live=False)) == []


def before_and_after(start: Declared, end: Declared) -> Iterator[Loss]:
    """What an update from one declaration to another loses, by the state's outputs and the program's inputs."""
    state = {each.urn: each for each in start.stack.resources if each.type.startswith(("aws:", "kubernetes:"))}
    program = {each.urn: each for each in end.resources if each.type.startswith(("aws:", "kubernetes:"))}
    for address in sorted(state | program):
        old, new = state.get(address), program.get(address)
        before = None if old is None else old.given
        after = None if new is None else unknowns_as_none(new.given)
        yield from losses((old or program[address]).type, before, after, existing_store=True)


def unknowns_as_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: unknowns_as_none(inner) for key, inner in value.items()}
    return (
        [unknowns_as_none(inner) for inner in value] if isinstance(value, list) else None if value is UNKNOWN else value
    )


NEWEST, OLDEST = "v1.2.3", "v1.2.1"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NEWEST, OLDEST),
        (OLDEST, NEWEST),
        *(
            pytest.param(*pair, marks=pytest.mark.long)
            for pair in permutations((OLDEST, "v1.2.2", NEWEST, "v1.3.0"), 2)
            if set(pair) != {NEWEST, OLDEST}
        ),
    ],
)
def test_no_release_of_the_window_is_cut_off_by_what_it_would_lose(start: str, end: str) -> None:
    """A rollback that needed an approval at 3 a.m. for each setting that the release brings wouldn't be one."""
    assert list(before_and_after(declare("prod", start), declare("prod", end))) == []


def test_the_legacy_route_loses_nothing_and_a_setting_that_shortens_a_retention_does() -> None:
    """The route stops the queues' consumers, whose messages wait (level 1 of the runbook)."""
    usual = declare("prod", NEWEST)
    changed = declare("prod", NEWEST, async_rag__route="legacy", async_rag__logRetentionDays="14")
    found = list(before_and_after(usual, changed))
    assert {loss.lost for loss in found} == {"log events older than 14 days are deleted: retention 90 days -> 14 days"}
    assert list(before_and_after(changed, usual)) == []
