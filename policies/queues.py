"""Queues: what can't be worked on is moved aside and kept, instead of being tried for ever or lost.

Source: SQS API, CreateQueue (RedrivePolicy, MessageRetentionPeriod).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from policies.documents import parsed
from policies.rule import Facts, Finding, NoConfig, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, known
from stacks.model import Model

QUEUE = "aws:sqs/queue:Queue"
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
FAILURES: Mapping[str, str] = {
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "destinationConfig.onFailure.destination",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "destinationConfig.onFailure.destinationArn",
    "aws:lambda/function:Function": "deadLetterConfig.targetArn",
    "aws:cloudwatch/eventTarget:EventTarget": "deadLetterConfig.arn",
    "aws:scheduler/schedule:Schedule": "target.deadLetterConfig.arn",
    "aws:sns/topicSubscription:TopicSubscription": "redrivePolicy",
}
"""Type -> where it names the queue for what it can't deliver."""
RETENTION = 345_600
"""Seconds: what SQS keeps messages for where nothing is said; 4 days."""
Receives = Annotated[int, Field(ge=1, le=1_000)]


class Redriving(Model):
    """How often a message may be tried."""

    min_receives: Receives = 2
    """Once wouldn't outlive a single hiccup of the consumer."""
    max_receives: Receives = 10

    @model_validator(mode="after")
    def _ordered(self) -> Redriving:
        if self.min_receives > self.max_receives:
            raise ValueError(f"minReceives ({self.min_receives}) is above maxReceives ({self.max_receives})")
        return self


@dataclass(frozen=True)
class Redrive:
    """Where a queue's bad messages go, as far as that is known."""

    queue: Resource
    policy: Any
    """The parsed policy; ``UNKNOWN`` in the preview of a new queue."""
    targets: list[Resource]
    """Dead-letter queues of the same stack."""


def redrives(stack: Stack) -> dict[str, Redrive]:
    """The redrive of every queue that has one, by the queue's URN."""
    by_arn = _by_arn(stack)
    by_url = {
        url: queue for queue in stack.of(QUEUE) for key in ("url", "id") if isinstance(url := queue.get(key), str)
    }
    found = {}
    for holder in stack.of(QUEUE, REDRIVE):
        policy = parsed(holder.get("redrivePolicy"))
        if policy is None and stack.sources(holder, "redrivePolicy", QUEUE):
            policy = UNKNOWN
        if not policy:
            continue
        queue = holder
        if holder.type == REDRIVE:
            behind = stack.sources(holder, "queueUrl", QUEUE) or [
                each for each in (by_url.get(str(holder.get("queueUrl"))),) if each
            ]
            if not behind:
                continue
            queue = behind[0]
        arn = policy.get("deadLetterTargetArn") if isinstance(policy, Mapping) else None
        targets = (
            [by_arn[arn]] if isinstance(arn, str) and arn in by_arn else stack.sources(holder, "redrivePolicy", QUEUE)
        )
        found[queue.urn] = Redrive(queue, policy, targets)
    return found


def buried(stack: Stack) -> Iterator[Resource]:
    """The queues of the stack that something other than a queue leaves its failures in."""
    by_arn = _by_arn(stack)
    for kind, path in FAILURES.items():
        for holder in stack.of(kind):
            found = holder.get(path)
            if path == "redrivePolicy":
                policy = parsed(found)
                found = policy.get("deadLetterTargetArn") if isinstance(policy, Mapping) else policy
            if isinstance(found, str):
                yield from [by_arn[found]] if found in by_arn else []
            else:
                yield from stack.sources(holder, path, QUEUE)


def _by_arn(stack: Stack) -> Mapping[str, Resource]:
    return {arn: queue for queue in stack.of(QUEUE) if isinstance(arn := queue.get("arn"), str)}


def redriven(stack: Stack, config: Redriving, _facts: Facts) -> Iterator[Finding]:
    """Every work queue has a dead-letter queue in the stack, and gives a message up after a bounded number of tries."""
    known_redrives = redrives(stack)
    dead = {target.urn for redrive in known_redrives.values() for target in redrive.targets}
    dead |= {queue.urn for queue in buried(stack)}
    for queue in stack.of(QUEUE):
        redrive = known_redrives.get(queue.urn)
        if redrive is None:
            if queue.urn not in dead:
                yield Finding(f"{queue.name} has no redrivePolicy, and is no dead-letter queue itself", queue)
            continue
        if not redrive.targets and redrive.policy is not UNKNOWN:
            yield Finding(f"{queue.name} moves its messages to a queue that isn't in this stack", queue)
        if queue.urn in {target.urn for target in redrive.targets}:
            yield Finding(f"{queue.name} is its own dead-letter queue", queue)
        count = redrive.policy.get("maxReceiveCount") if isinstance(redrive.policy, Mapping) else UNKNOWN
        if known(count) and not config.min_receives <= _whole(count) <= config.max_receives:
            bounds = f"{config.min_receives} to {config.max_receives}"
            yield Finding(f"{queue.name}: maxReceiveCount is {count}; {bounds} are allowed", queue)
        elif count is None:
            yield Finding(f"{queue.name}: the redrivePolicy has no maxReceiveCount", queue)


def kept(stack: Stack, _config: NoConfig, _facts: Facts) -> Iterator[Finding]:
    """A message's age doesn't start anew in the dead-letter queue, so that one has to keep it at least as long."""
    for redrive in redrives(stack).values():
        own = _retention(redrive.queue)
        for target in redrive.targets:
            theirs = _retention(target)
            if own is not None and theirs is not None and theirs < own:
                yield Finding(
                    f"{target.name} keeps messages for {theirs:g} seconds, and {redrive.queue.name} for {own:g}", target
                )


def _retention(queue: Resource) -> float | None:
    found = queue.get("messageRetentionSeconds")
    if found is None:
        return RETENTION
    return float(found) if isinstance(found, int | float) else None


def _whole(count: object) -> int:
    text = str(count)
    return int(text) if text.isdigit() else 0


RULES = (
    StackRule(
        "queue-redrive",
        "Every work queue has a dead-letter queue, and a bound for how often a message is tried.",
        Severity.HIGH,
        "Set redrivePolicy with deadLetterTargetArn and maxReceiveCount.",
        redriven,
        config=Redriving,
    ),
    StackRule(
        "dead-letter-retention",
        "A dead-letter queue keeps messages at least as long as the queues that it serves.",
        Severity.HIGH,
        "Raise messageRetentionSeconds of the dead-letter queue; SQS's limit is 1209600 (14 days).",
        kept,
    ),
)
