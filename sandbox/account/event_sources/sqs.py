"""SQS -> Lambda: pollers that hand batches of messages to functions.

Source: Lambda developer guide, "Using Lambda with Amazon SQS". Visibility timeouts and batching windows are real
seconds. A mapping runs at most MaximumConcurrency batches at once, `POLLERS` where it isn't set.
"""

from __future__ import annotations

import base64
import logging
import math
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.sqs.models import Message, Queue, sqs_backends

from sandbox.account import background, functions
from sandbox.account.event_sources import mappings, queues

log = logging.getLogger("sandbox.account")

POLLERS = 4
WORKERS = 16
THROTTLE_PAUSE = 0.5

_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sqs-poller")
_running: Counter[str] = Counter()
_paused_until: dict[str, float] = {}
_lock = threading.Lock()


@background.every(0.1, "sqs-mappings")
def tick() -> float:
    """Give every enabled mapping as many batches as it may run and its queue has; rest until one has."""
    rest = math.inf
    for backend, mapping in mappings.enabled("sqs"):
        queue = _queue(mapping)
        if queue is None or not queue._messages or mappings.is_stopped(backend, mapping):
            continue
        rest = min(rest, queues.next_message_in(queue, time.time()))
        if time.monotonic() < _paused_until.get(mapping.uuid, 0.0):
            continue
        limit = int((mapping.scaling_config or {}).get("MaximumConcurrency") or POLLERS)
        while _running[mapping.uuid] < limit and (batch := _take(queue, mapping)):
            with _lock:
                _running[mapping.uuid] += 1
            _pool.submit(_deliver, backend, mapping, queue, batch)
    return rest


def _queue(mapping: EventSourceMapping) -> Queue | None:
    _, _, _, region, account, name = mapping.event_source_arn.split(":", 5)
    return sqs_backends[account][region].queues.get(name)


def _take(queue: Queue, mapping: EventSourceMapping) -> list[Message]:
    """Receive one batch, or nothing while the batching window may still fill it."""
    window = float(mapping.max_batch_window or 0)
    with background.LOCK:
        if window:
            waiting = queue.messages
            oldest = min((message.sent_timestamp for message in waiting), default=0) / 1000
            if len(waiting) < mapping.batch_size and time.time() - oldest < window:
                return []
        backend = sqs_backends[queue.account_id][queue.region]
        taken: list[Message] = backend.receive_message(
            queue.name, mapping.batch_size, 0, queue.visibility_timeout, ["All"]
        )
    if taken:
        background.mark_changed()
    return taken


def _deliver(backend: LambdaBackend, mapping: EventSourceMapping, queue: Queue, batch: list[Message]) -> None:
    try:
        records = [record(message, queue) for message in batch]
        wanted = [item for item in records if mappings.matches(mapping, item)]
        unwanted = {item["messageId"] for item in records} - {item["messageId"] for item in wanted}
        _delete(queue, [message for message in batch if message.id in unwanted])
        if wanted:
            _run(backend, mapping, queue, ([message for message in batch if message.id not in unwanted], wanted))
    except Exception:
        log.exception("the mapping %s from %s failed", mapping.uuid, mapping.event_source_arn)
    finally:
        with _lock:
            _running[mapping.uuid] -= 1
        background.mark_changed()


def _run(
    backend: LambdaBackend,
    mapping: EventSourceMapping,
    queue: Queue,
    batch: tuple[list[Message], list[dict[str, Any]]],
) -> None:
    messages, records = batch
    try:
        outcome = functions.invoke(mapping.function_arn, {"Records": records}, region=backend.region_name)
    except functions.NotFound:
        mappings.note(mapping, "PROBLEM: Function not found")
        return queues.give_back(queue, messages, uncounted=True)
    if outcome.throttled:
        _paused_until[mapping.uuid] = time.monotonic() + THROTTLE_PAUSE
        mappings.note(mapping, "PROBLEM: Function call throttled")
        return queues.give_back(queue, messages, uncounted=True)
    if outcome.error:
        # The messages stay hidden until the visibility timeout ends, and are then tried again or go to the DLQ.
        return mappings.note(mapping, "PROBLEM: Function call failed")
    failed = mappings.failed_items(mapping, outcome.payload, [message.id for message in messages])
    if failed is None:
        return mappings.note(mapping, "PROBLEM: Function returned an unknown batch item")
    _delete(queue, [message for message in messages if message.id not in failed])
    return mappings.note(mapping, "OK")


def _delete(queue: Queue, messages: list[Message]) -> None:
    for message in messages:
        with background.LOCK:
            try:
                queue.delete_message(message.receipt_handle)
            except Exception as error:
                log.info("message %s was gone from %s already: %s", message.id, queue.name, error)


def record(message: Message, queue: Queue) -> dict[str, Any]:
    """Return a message as Lambda's event shows it."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if queue.fifo_queue:
        attributes["MessageGroupId"] = message.group_id or ""
        attributes["MessageDeduplicationId"] = message.deduplication_id or ""
        attributes["SequenceNumber"] = message.sequence_number or ""
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    kind = value.get("DataType", "String")
    shown: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": kind}
    if kind.startswith("Binary"):
        content = value.get("BinaryValue") or b""
        shown["binaryValue"] = base64.b64encode(content).decode() if isinstance(content, bytes) else content
    else:
        shown["stringValue"] = value.get("StringValue")
    return shown
