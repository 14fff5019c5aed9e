"""Losses in place: refused until somebody approves them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guard.losses import described, losses, refusal
from policies.durable import PLAN
from policies.subject import UNKNOWN
from tests.policies.cases import FACTS, make, said, urn

QUEUE = "aws:sqs/queue:Queue"
FOUND = losses(QUEUE, {"messageRetentionSeconds": 345_600}, {"messageRetentionSeconds": 60})
ENTRY = {"urn": urn("jobs"), "type": QUEUE, "name": "jobs-prod", "losses": described(FOUND)}
REFUSED = {**ENTRY, "refusal": refusal("jobs-prod", "prod", FOUND)}


def test_a_loss_is_refused_with_what_goes_and_the_command_that_approves_it() -> None:
    assert said("durable-store-loss", make(PLAN, props={"losses": [REFUSED]})) == [
        "jobs-prod would lose data: messages older than 60 s go: retention 345,600 s -> 60 s (nothing brings it back); "
        "nobody has approved this\n"
        "  rollback guard approve jobs-prod --action lose --by NAME --reason TEXT -s prod\n"
        f"{urn('jobs')}"
    ]


def test_each_store_is_a_violation_of_its_own() -> None:
    both = [REFUSED, {**REFUSED, "name": "logs-prod"}, {**ENTRY, "refusal": None}]
    found = said("durable-store-loss", make(PLAN, props={"losses": both}))
    assert [text.partition(" ")[0] for text in found] == ["jobs-prod", "logs-prod"]


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
