"""Updates on their way to the queues."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from compaction import aws

# SQS, SendMessageBatch: up to ten messages a call. The bytes of a batch stay below the lowest limit that SQS had for
# one message; a message that is bigger is a batch of its own.
_MOST_MESSAGES = 10
_MOST_BYTES = 250_000


def send(updates: Iterable[dict[str, Any]]) -> set[str]:
    """Send each update to its queue; returns the positions of those that a queue didn't take."""
    waiting: dict[str, list[dict[str, Any]]] = {}
    for update in updates:
        queue = "LABEL_QUEUE_URL" if update["kind"] == "labels" else "METADATA_QUEUE_URL"
        waiting.setdefault(os.environ[queue], []).append(update)
    refused: set[str] = set()
    for url, messages in waiting.items():
        for batch in _batches(messages):
            refused.update(_send(url, batch))
    return refused


def _batches(messages: list[dict[str, Any]]) -> Iterator[list[tuple[str, str]]]:
    """Cut messages into batches of (position, body)."""
    batch: list[tuple[str, str]] = []
    size = 0
    for message in messages:
        body = json.dumps(message, ensure_ascii=False)
        length = len(body.encode())
        if batch and (len(batch) == _MOST_MESSAGES or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((str(message["position"]), body))
        size += length
    if batch:
        yield batch


def _send(url: str, batch: list[tuple[str, str]]) -> list[str]:
    entries = [{"Id": str(number), "MessageBody": body} for number, (_, body) in enumerate(batch)]
    answer = aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    return [batch[int(failure["Id"])][0] for failure in answer.get("Failed", [])]
