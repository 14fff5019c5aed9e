"""Queues: dead-letter queues, bounded tries, and letters that are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.subject import UNKNOWN, Resource
from tests.policies.cases import configured, make, said_of

QUEUE, REDRIVE = "aws:sqs/queue:Queue", "aws:sqs/redrivePolicy:RedrivePolicy"
ARN = "arn:aws:sqs:us-east-1:123456789012:"


def queue(name: str, target: str | None = None, count: Any = 3, **more: Any) -> Resource:
    policy = None if target is None else json.dumps({"deadLetterTargetArn": ARN + target, "maxReceiveCount": count})
    return make(QUEUE, name, {"arn": ARN + name, "redrivePolicy": policy, **more})


def test_a_queue_with_dead_letters_passes_and_so_do_the_dead_letters() -> None:
    assert said_of("queue-redrive", [queue("work", "dead"), queue("dead")]) == []
    assert said_of("queue-redrive", [make("aws:sns/topic:Topic")]) == []


def test_a_queue_without_is_found() -> None:
    assert "no redrivePolicy" in said_of("queue-redrive", [queue("work")])[0]
    assert "isn't in this stack" in said_of("queue-redrive", [queue("work", "elsewhere")])[0]
    (text,) = said_of("queue-redrive", [queue("work", "work")])
    assert "its own" in text


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "destinationConfig.onFailure.destination"),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", "destinationConfig.onFailure.destinationArn"),
        ("aws:lambda/function:Function", "deadLetterConfig.targetArn"),
        ("aws:sns/topicSubscription:TopicSubscription", "redrivePolicy.deadLetterTargetArn"),
    ],
)
def test_what_holds_the_failures_of_others_is_a_dead_letter_queue(kind: str, path: str) -> None:
    first, *rest = path.split(".")

    def holder(arn: Any, **more: Any) -> Resource:
        value: Any = arn
        for part in reversed(rest):
            value = {part: value}
        return make(kind, "holder", {first: value}, **more)

    assert said_of("queue-redrive", [queue("dead"), holder(ARN + "dead")]) == []
    assert said_of("queue-redrive", [queue("dead"), holder(ARN + "other")]) != []
    assert said_of("queue-redrive", [make(QUEUE, "dead"), holder(UNKNOWN, sources={first: ["dead"]})]) == []


@pytest.mark.parametrize("count", [1, 11, "many", 0])
def test_the_number_of_tries_is_bounded(count: Any) -> None:
    (text,) = said_of("queue-redrive", [queue("work", "dead", count), queue("dead")])
    assert "2 to 10 are allowed" in text
    assert said_of("queue-redrive", [queue("work", "dead", None), queue("dead")]) != []


def test_a_preview_knows_where_messages_go_before_the_arn_is_known() -> None:
    work = make(QUEUE, "work", {"redrivePolicy": UNKNOWN}, sources={"redrivePolicy": ["dead"]})
    short = make(QUEUE, "dead", {"messageRetentionSeconds": 60})
    assert said_of("queue-redrive", [work, make(QUEUE, "dead")]) == []
    assert said_of("dead-letter-retention", [work, short]) != []


def test_a_redrive_policy_may_be_a_resource_of_its_own() -> None:
    policy = {"deadLetterTargetArn": ARN + "dead", "maxReceiveCount": 5}
    by_source = make(REDRIVE, "r", {"queueUrl": UNKNOWN, "redrivePolicy": policy}, sources={"queueUrl": ["work"]})
    by_url = make(REDRIVE, "r", {"queueUrl": "https://sqs/work", "redrivePolicy": json.dumps(policy)})
    work = queue("work", url="https://sqs/work")
    assert said_of("queue-redrive", [work, queue("dead"), by_source]) == []
    assert said_of("queue-redrive", [work, queue("dead"), by_url]) == []
    elsewhere = make(REDRIVE, "r", {"queueUrl": "https://sqs/other", "redrivePolicy": policy})
    assert said_of("queue-redrive", [work, elsewhere]) != []


@given(st.integers(60, 1_209_600), st.integers(60, 1_209_600))
def test_dead_letters_are_kept_longer(own: int, theirs: int) -> None:
    work, dead = queue("work", "dead", messageRetentionSeconds=own), queue("dead", messageRetentionSeconds=theirs)
    assert bool(said_of("dead-letter-retention", [work, dead])) is (theirs <= own)


def test_what_nobody_said_is_four_days() -> None:
    kept = queue("dead", messageRetentionSeconds=345_601)
    assert said_of("dead-letter-retention", [queue("work", "dead"), kept]) == []
    assert (
        said_of("dead-letter-retention", [queue("work", "dead"), queue("dead", messageRetentionSeconds=345_600)]) != []
    )
    assert (
        said_of("dead-letter-retention", [queue("work", "dead"), queue("dead", messageRetentionSeconds=UNKNOWN)]) == []
    )


@pytest.mark.parametrize("config", [{"minReceives": 0}, {"maxReceives": 1_001}, {"minReceives": 9, "maxReceives": 8}])
def test_the_bounds_are_bounded_and_in_order(config: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        configured("queue-redrive", config)
