"""Consumers of queues: a message stays hidden for as long as somebody works on it.

Source: Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping" (the queue's visibility
timeout is at least six times the function's timeout, plus the batching window).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from core.model import Model
from policies.functions import EVENT_SOURCE, FUNCTION, Functions
from policies.rule import PolicyContext, PolicyViolation, Severity, StackRule
from policies.subject import Resource, Stack
from policies.values import is_off, number

QUEUE = "aws:sqs/queue:Queue"
TIMEOUT: Final = 3
"""Seconds that a function has where nothing is said."""
VISIBILITY: Final = 30
"""Seconds that a message is hidden where nothing is said."""


class QueueNames:
    """The queues of a stack by what others call them: their ARN or URL."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._arns = {arn: queue for queue in stack.of(QUEUE) if isinstance(arn := queue.get("arn"), str)}
        self._urls = {
            url: queue for queue in stack.of(QUEUE) for key in ("url", "id") if isinstance(url := queue.get(key), str)
        }

    def by_arn(self, arn: object) -> list[Resource]:
        """The queue of an ARN; none where it isn't part of the stack."""
        return [self._arns[arn]] if isinstance(arn, str) and arn in self._arns else []

    def holder(self, policy: Resource) -> Resource | None:
        """The queue that a policy of its own is for."""
        url = policy.get("queueUrl")
        behind = self._urls.get(url) if isinstance(url, str) else None
        return behind or next(iter(self.stack.sources(policy, "queueUrl", QUEUE)), None)


class Visibility(Model):
    """How long a message stays hidden from others while a function works on it."""

    factor: Annotated[float, Field(ge=1, le=100)] = 6.0
    """Times the function's time-out. Lambda refuses less than 1; 6 leaves room to try again when it is throttled."""


def hidden(stack: Stack, config: Visibility, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """No message comes back while a function still works on it."""
    names, functions = QueueNames(stack), _Functions(stack)
    for mapping in stack.of(EVENT_SOURCE):
        if is_off(mapping.get("enabled")):
            continue
        for queue in names.by_arn(mapping.get("eventSourceArn")) or stack.sources(mapping, "eventSourceArn", QUEUE):
            for function in functions.of(mapping):
                if (fault := _too_short(queue, function, mapping, config.factor)) is not None:
                    yield PolicyViolation(fault, queue)


class _Functions:
    def __init__(self, stack: Stack) -> None:
        self._calls = {
            call.invoker.urn: call.function for call in Functions(stack).calls if call.invoker.type == EVENT_SOURCE
        }
        self._stack = stack

    def of(self, mapping: Resource) -> list[Resource]:
        """The function that a mapping feeds."""
        found = self._calls.get(mapping.urn)
        return [found] if found is not None else self._stack.sources(mapping, "functionName", FUNCTION)


def _too_short(queue: Resource, function: Resource, mapping: Resource, factor: float) -> str | None:
    visible, timeout = queue.get("visibilityTimeoutSeconds"), function.get("timeout")
    seconds = number(VISIBILITY if visible is None else visible)
    each = number(TIMEOUT if timeout is None else timeout)
    if seconds is None or each is None:
        return None
    window = number(mapping.get("maximumBatchingWindowInSeconds")) or 0
    wanted = factor * each + window
    if seconds >= wanted:
        return None
    return (
        f"{queue.name} hides a message for {seconds:g} seconds, and {function.name} may work on it for {each:g}: "
        f"{wanted:g} are wanted, or others work on it too"
    )


RULES = (
    StackRule(
        name="queue-visibility",
        description="A message stays hidden while a function works on it.",
        severity=Severity.HIGH,
        remedy=(
            "Raise visibilityTimeoutSeconds of the queue to six times the function's timeout, plus the batching "
            "window; where less is enough, lower factor in the stack's settings."
        ),
        check=hidden,
        config=Visibility,
    ),
)
