"""SQS queues under several consumers at once: each message goes to one of them, and what passes is counted.

moto's receive isn't safe against another receive at the same moment, and a long poll would keep the saver waiting.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend

from sandbox.account import background

POLL_SECONDS = 0.1

_receive = SQSBackend.receive_message
_send = SQSBackend.send_message
_delete = Queue.delete_message
_lock = threading.RLock()
_passed: Counter[tuple[str, str]] = Counter()


def exclusive() -> threading.RLock:
    """Return the lock that keeps two consumers from taking the same message; use it with `with`."""
    return _lock


def taken_counts() -> Counter[tuple[str, str]]:
    """Return how many messages were Sent, Received and Deleted per (queue ARN, word) since the last call."""
    with _lock:
        counts = Counter(_passed)
        _passed.clear()
    return counts


def receive(
    self: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    """Receive messages, waiting up to `wait_seconds_timeout` for the first; each goes to one consumer only."""
    queue = self.get_queue(queue_name)
    deadline = time.monotonic() + float(wait_seconds_timeout or 0)
    while True:
        with _lock:
            found: list[Message] = _receive(self, queue_name, count, 0, visibility_timeout, message_attribute_names)
            _passed[queue.queue_arn, "Received"] += len(found)
        if found or time.monotonic() >= deadline or background.stopping():
            return found
        with background.GATE.outside():
            time.sleep(POLL_SECONDS)


def _counted_send(self: SQSBackend, queue_name: str, *args: Any, **kwargs: Any) -> Message:
    with _lock:
        message = _send(self, queue_name, *args, **kwargs)
        message.came_from = queue_name
        _passed[self.get_queue(queue_name).queue_arn, "Sent"] += 1
    background.mark_changed()
    return message


def _counted_delete(self: Queue, receipt_handle: str) -> None:
    with _lock:
        before = len(self._messages)
        _delete(self, receipt_handle)
        _passed[self.queue_arn, "Deleted"] += before - len(self._messages)


def next_message_in(queue: Queue, now: float) -> float:
    """Return the seconds until a message of a queue becomes visible merely by waiting; infinity where none will.

    0 where one is visible at the real time `now`.
    """
    times = [max(message.visible_at, message.delayed_until) / 1000 for message in list(queue._messages)]
    return max(0.0, min(times) - now) if times else math.inf


def give_back(queue: Queue, messages: list[Message], *, uncounted: bool) -> None:
    """Make received messages visible again at once; `uncounted` takes the receive back from their count."""
    ids = {message.id for message in messages}
    with _lock:
        for message in queue._messages:
            if message.id in ids:
                message.visible_at = 0.0
                queue.pending_messages.discard(message)
                if uncounted:
                    message.approximate_receive_count -= 1


def install() -> None:
    """Put these operations in the place of moto's."""
    SQSBackend.receive_message = receive
    SQSBackend.send_message = _counted_send
    Queue.delete_message = _counted_delete
