"""What SQS tells CloudWatch about its queues, every emulated minute and whenever a depth changes.

Source: SQS developer guide, "Available CloudWatch metrics for Amazon SQS". As there, a queue that nothing has touched
for six (emulated) hours sends nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from moto.sqs.models import Queue, sqs_backends

from sandbox.account import background, clock, metrics
from sandbox.account.event_sources import queues

NAMESPACE = "AWS/SQS"
ACTIVE_SECONDS = 6 * 3600
"""Emulated seconds for which an untouched queue still counts as active."""


@dataclass
class Seen:
    """What was last said about a queue.

    Args:
        depth: visible and invisible messages.
        touched: real time of the last change.
        minute: boundary of the last emulated minute that was reported.
    """

    depth: tuple[int, int]
    touched: float
    minute: float


_seen: dict[str, Seen] = {}
_passed: Counter[tuple[str, str]] = Counter()


@background.every(0.2, "queue-metrics")
def tick() -> float:
    """Report what is due; rest until the minute is over or a message becomes visible."""
    now = time.time()
    report(now)
    later = [seconds for queue in _queues() if (seconds := queues.next_message_in(queue, now)) > 0]
    return min([clock.boundary(now) + clock.minute() - now, *later])


def _queues() -> list[Queue]:
    return [
        queue
        for regions in list(dict(sqs_backends).values())
        for backend in list(dict(regions).values())
        for queue in list(backend.queues.values())
    ]


def report(now: float) -> None:
    """Write the metrics of every queue that changed, or whose minute is over, at the real time `now`."""
    _passed.update(queues.taken_counts())
    minute = clock.boundary(now)
    for queue in _queues():
        _report(queue, now, minute)


def _report(queue: Queue, now: float, minute: float) -> None:
    depth = (queue.approximate_number_of_messages, queue.approximate_number_of_messages_not_visible)
    words = ("Sent", "Received", "Deleted")
    moved = any(_passed[queue.queue_arn, word] for word in words)
    seen = _seen.setdefault(queue.queue_arn, Seen((-1, -1), now, 0.0))
    changed = depth != seen.depth
    if changed or moved or any(depth):
        seen.touched = now
    over = minute > seen.minute
    if not changed and not (over and now - seen.touched <= clock.real_seconds(ACTIVE_SECONDS)):
        return
    seen.depth, seen.minute = depth, max(minute, seen.minute)
    _put(queue, "ApproximateNumberOfMessagesVisible", depth[0])
    _put(queue, "ApproximateNumberOfMessagesNotVisible", depth[1])
    _put(queue, "ApproximateAgeOfOldestMessage", _oldest(queue, now), "Seconds")
    if over:
        for word in words:
            if count := _passed.pop((queue.queue_arn, word), 0):
                _put(queue, f"NumberOfMessages{word}", count)


def _oldest(queue: Queue, now: float) -> float:
    """Return the age of the oldest message that isn't deleted, in whole real seconds, as SQS counts."""
    sent = [message.sent_timestamp for message in list(queue._messages) if message.sent_timestamp]
    return float(int(max(0.0, now - min(sent) / 1000))) if sent else 0.0


def _put(queue: Queue, name: str, value: float, unit: str = "Count") -> None:
    metrics.put(queue.region, NAMESPACE, name, value, {"QueueName": queue.name}, unit)
