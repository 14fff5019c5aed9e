"""Queues: what can't be worked on is moved aside and kept, instead of being tried for ever or lost.

Sources: SQS API, CreateQueue (RedrivePolicy, RedriveAllowPolicy, MessageRetentionPeriod); SQS Developer Guide, "Using
dead-letter queues", "Setting-up dead-letter queue retention".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from core.model import Model
from policies import consumers
from policies.consumers import QueueNames
from policies.rule import NoConfig, PolicyContext, PolicyViolation, Rule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, dig, items, known
from policies.values import decoded, is_on, number

QUEUE = consumers.QUEUE
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
ALLOW = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
FAILURES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("destinationConfig.onFailure.destination",),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("destinationConfig.onFailure.destinationArn",),
    "aws:lambda/function:Function": ("deadLetterConfig.targetArn",),
    "aws:cloudwatch/eventBus:EventBus": ("deadLetterConfig.arn",),
    "aws:cloudwatch/eventTarget:EventTarget": ("deadLetterConfig.arn",),
    "aws:scheduler/schedule:Schedule": ("target.deadLetterConfig.arn",),
    "aws:sns/topicSubscription:TopicSubscription": ("redrivePolicy.deadLetterTargetArn",),
    "aws:pipes/pipe:Pipe": (
        "sourceParameters.dynamodbStreamParameters.deadLetterConfig.arn",
        "sourceParameters.kinesisStreamParameters.deadLetterConfig.arn",
    ),
}
"""Type -> where it names the queue for what it can't deliver."""
STANDARD_ONLY: Final = frozenset(FAILURES) - {
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:pipes/pipe:Pipe",
}
"""Services that can't leave their failures in a FIFO queue."""
ARN_PARTS: Final = 6
"""``arn:aws:sqs:region:account:name``."""
RETENTION = 345_600
"""Seconds: what SQS keeps messages for where nothing is said; 4 days."""
Receives = Annotated[int, Field(ge=1, le=1_000)]


class Redriving(Model):
    """How often a message may be tried."""

    min_receives: Receives = 2
    """Deliveries that a message gets at least: one wouldn't outlive a single hiccup of the consumer."""
    max_receives: Receives = 10
    """Deliveries that a message gets at most."""

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
    names = QueueNames(stack)
    found = {}
    for holder in stack.of(QUEUE, REDRIVE):
        policy = decoded(holder.get("redrivePolicy"))
        if policy is None and stack.sources(holder, "redrivePolicy", QUEUE):
            policy = UNKNOWN
        if not policy or not (policy is UNKNOWN or isinstance(policy, Mapping)):
            continue
        queue = holder if holder.type == QUEUE else names.holder(holder)
        target = dig(policy, "deadLetterTargetArn")
        if queue is None or target in (None, ""):
            continue
        targets = names.by_arn(target) if isinstance(target, str) else []
        found[queue.urn] = Redrive(queue, policy, targets or _from(stack, holder, target))
    return found


def _from(stack: Stack, holder: Resource, target: object) -> list[Resource]:
    """The queues that a redrive policy's value comes from, unless its ARN is known to lead elsewhere."""
    elsewhere = isinstance(target, str) and not any(
        queue.get("arn") in (None, UNKNOWN) for queue in stack.sources(holder, "redrivePolicy", QUEUE)
    )
    return [] if elsewhere else stack.sources(holder, "redrivePolicy", QUEUE)


def buried(stack: Stack) -> Iterator[Resource]:
    """The queues of the stack that something other than a queue leaves its failures in."""
    for _, queue in _left_in(stack):
        yield queue


def _left_in(stack: Stack) -> Iterator[tuple[Resource, Resource]]:
    """Whatever leaves its failures in a queue, and the queue."""
    names = QueueNames(stack)
    for kind, paths in FAILURES.items():
        for holder in stack.of(kind):
            for path in paths:
                head, _, rest = path.partition(".")
                value = decoded(holder.get(head))
                found = dig(value, rest)
                # JSON that is made from a queue's ARN is unknown as a whole before there is an ARN.
                if found is None and known(value) and not isinstance(holder.get(head), str):
                    continue
                behind = names.by_arn(found) if isinstance(found, str) else stack.sources(holder, path, QUEUE)
                yield from ((holder, queue) for queue in behind)


def redriven(stack: Stack, config: Redriving, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """Every work queue has a dead-letter queue in the stack, and gives a message up after a bounded number of tries."""
    known_redrives = redrives(stack)
    left = list(_left_in(stack))
    dead = {target.urn for redrive in known_redrives.values() for target in redrive.targets}
    dead |= {queue.urn for _, queue in left}
    refusing = dict(_allowances(stack))
    # Who may leave letters there is said of a dead-letter queue alone: its sources may be another stack's.
    dead |= {urn for urn, policy in refusing.items() if dig(policy, "redrivePermission") == "byQueue"}
    unsaid = any(
        each.get("queueUrl") is UNKNOWN and not stack.sources(each, "queueUrl", QUEUE) for each in stack.of(REDRIVE)
    )
    for queue in stack.of(QUEUE):
        redrive = known_redrives.get(queue.urn)
        if redrive is None:
            if queue.urn not in dead and not unsaid and queue.get("redrivePolicy") is not UNKNOWN:
                yield PolicyViolation(f"{queue.name} has no redrivePolicy, and is no dead-letter queue itself", queue)
            continue
        yield from (PolicyViolation(f"{queue.name}{fault}", queue) for fault in _targeted(redrive, refusing))
        yield from (PolicyViolation(f"{queue.name}: {fault}", queue) for fault in _counted(redrive, config))
    for holder, queue in left:
        if holder.type in STANDARD_ONLY and is_on(queue.get("fifoQueue")):
            yield PolicyViolation(
                f"{queue.name} is a FIFO queue, and {holder.name} can leave its failures in none", queue
            )


def _targeted(redrive: Redrive, refusing: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a queue's bad messages from arriving."""
    queue = redrive.queue
    if not redrive.targets and known(dig(redrive.policy, "deadLetterTargetArn")):
        yield " moves its messages to a queue that isn't in this stack"
    for target in redrive.targets:
        if target.urn == queue.urn:
            yield " is its own dead-letter queue"
        fifo, theirs = queue.get("fifoQueue"), target.get("fifoQueue")
        if UNKNOWN not in (fifo, theirs) and is_on(fifo) is not is_on(theirs):
            kinds = ("a FIFO queue", "a standard queue")
            one, other = kinds if is_on(fifo) else kinds[::-1]
            yield f" is {one}, and its dead-letter queue {target.name} is {other}: both have to be of one kind"
        if _apart(queue, target):
            yield f": its dead-letter queue {target.name} is in another region or account, where SQS moves no message"
        if _refuses(refusing.get(target.urn), queue.get("arn")):
            yield f": {target.name} takes no messages from it (redriveAllowPolicy)"


def _apart(queue: Resource, target: Resource) -> bool:
    """Whether two queues are known to be in different regions or accounts."""
    pairs = zip(_home(queue), _home(target), strict=True)
    return any(isinstance(one, str) and isinstance(other, str) and one != other for one, other in pairs)


def _home(queue: Resource) -> tuple[object, object]:
    """A queue's region and account, as far as they are known."""
    arn = queue.get("arn")
    parts = arn.split(":") if isinstance(arn, str) else ()
    return (parts[3], parts[4]) if len(parts) == ARN_PARTS else (queue.get("region"), None)


def _allowances(stack: Stack) -> Iterator[tuple[str, Any]]:
    """The redrive allow policy of each queue that has one, by the queue's URN."""
    names = QueueNames(stack)
    for holder in stack.of(QUEUE, ALLOW):
        policy = decoded(holder.get("redriveAllowPolicy"))
        queue = holder if holder.type == QUEUE else names.holder(holder)
        if queue is not None and isinstance(policy, Mapping):
            yield queue.urn, policy


def _refuses(policy: object, arn: object) -> bool:
    """Whether a dead-letter queue's allow policy shuts a source out."""
    permission = dig(policy, "redrivePermission")
    if permission == "denyAll":
        return True
    sources = items(dig(policy, "sourceQueueArns"))
    return (
        permission == "byQueue" and isinstance(arn, str) and all(known(each) for each in sources) and arn not in sources
    )


def _counted(redrive: Redrive, config: Redriving) -> Iterator[str]:
    """What is wrong with the number of tries. JSON knows one kind of number: 3.0 is 3, and so is ``"3"``."""
    count = dig(redrive.policy, "maxReceiveCount")
    if count is None:
        yield "the redrivePolicy has no maxReceiveCount"
        return
    figure = number(count)
    whole = figure is not None and figure.is_integer()
    if known(count) and not (whole and config.min_receives <= (figure or 0) <= config.max_receives):
        yield f"maxReceiveCount is {count}; {config.min_receives} to {config.max_receives} are allowed"


def kept(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """A dead-letter queue keeps messages longer than its queue: their age doesn't start anew there.

    In FIFO queues it does.
    """
    for redrive in redrives(stack).values():
        own = _retention(redrive.queue)
        for target in redrive.targets:
            theirs = _retention(target)
            if own is None or theirs is None or is_on(target.get("fifoQueue")):
                continue
            if theirs <= own:
                yield PolicyViolation(
                    f"{target.name} keeps messages for {theirs:.0f} seconds, no longer than {redrive.queue.name} "
                    f"({own:.0f}): their age doesn't start anew",
                    target,
                )


def _retention(queue: Resource) -> float | None:
    found = queue.get("messageRetentionSeconds")
    return RETENTION if found is None else number(found)


RULES: tuple[Rule, ...] = (
    StackRule(
        name="queue-redrive",
        description="Every work queue has a dead-letter queue, and a bound for how often a message is tried.",
        severity=Severity.HIGH,
        remedy=("Set redrivePolicy with deadLetterTargetArn and maxReceiveCount; both queues FIFO, or both standard."),
        check=redriven,
        config=Redriving,
    ),
    StackRule(
        name="dead-letter-retention",
        description="A dead-letter queue keeps messages longer than the queues that it serves.",
        severity=Severity.HIGH,
        remedy=(
            "Raise messageRetentionSeconds of the dead-letter queue (SQS's limit is 1209600, 14 days), or lower that "
            "of the queue."
        ),
        check=kept,
    ),
    *consumers.RULES,
)
