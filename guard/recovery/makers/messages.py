"""Saved SQS messages sent anew, and what SQS says that it took held against what was sent.

SQS API reference, SendMessageBatch; SQS developer guide, "Calculating the MD5 message digest for message attributes".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import DamagedError, ServiceError
from guard.recovery.makers import json_lines

BATCH = 10
BATCH_BYTES = 200 * 1024
"""Below what SendMessageBatch takes at once, with room for attributes."""
FIFO = ".fifo"
TRACE = "AWSTraceHeader"
"""The one system attribute that a sender may give."""


def batches(records: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Messages in as few requests as SQS allows, in order; one with a trace header goes alone."""
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        weight = len(json_lines.line(record))
        alone = bool(batch) and TRACE in {**batch[-1]["attributes"], **record["attributes"]}
        if batch and (alone or len(batch) == BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += weight
    if batch:
        yield batch


@dataclass
class Sending:
    """Messages on their way into one queue."""

    sqs: Any
    url: str
    run: str = field(default_factory=lambda: secrets.token_hex(8))
    """Part of the deduplication ids: SQS swallows an id that it has seen within five minutes, in an earlier try too."""
    ids: set[str] = field(default_factory=set)
    done: int = 0

    def send(self, batch: list[dict[str, Any]]) -> None:
        """Send up to ten messages.

        Raises ``ServiceError`` where some are refused, ``DamagedError`` where SQS took other ones.
        """
        entries = [self._entry(number, record) for number, record in enumerate(batch)]
        if len(entries) == 1:  # by SendMessage, which takes a trace header wherever one is taken
            ((identifier, given),) = ((entry["Id"], {**entry}) for entry in entries)
            del given["Id"]
            answer = {"Successful": [{**self.sqs.send_message(QueueUrl=self.url, **given), "Id": identifier}]}
        else:
            answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        if failed := answer.get("Failed"):
            done = self.done + len(batch) - len(failed)
            raise ServiceError(f"queue {self.url} took {done} messages and refused one: {failed[0]}")
        taken = {each["Id"]: each for each in answer["Successful"]}
        for entry in entries:
            self._compare(entry, taken.get(entry["Id"], {}))
        self.done += len(batch)

    def _entry(self, number: int, record: dict[str, Any]) -> dict[str, Any]:
        own = record["attributes"]
        attributes = {
            name: {key: _content(each) for key, each in value.items()}
            for name, value in record["messageAttributes"].items()
        }
        entry = {"Id": str(number), "MessageBody": record["body"], "MessageAttributes": attributes}
        if own.get(TRACE):
            entry["MessageSystemAttributes"] = {TRACE: {"DataType": "String", "StringValue": own[TRACE]}}
        if self.url.endswith(FIFO):
            entry["MessageGroupId"] = own.get("MessageGroupId") or "restored"
            entry["MessageDeduplicationId"] = f"{self.run}-{self.done + number}"
        return entry

    def _compare(self, entry: dict[str, Any], taken: Mapping[str, Any]) -> None:
        expected = {
            "MD5OfMessageBody": _md5(entry["MessageBody"].encode()),
            "MD5OfMessageAttributes": attributes_md5(entry["MessageAttributes"]),
            "MD5OfMessageSystemAttributes": attributes_md5(entry.get("MessageSystemAttributes", {})),
        }
        for name, digest in expected.items():
            if digest is not None and taken.get(name, digest) != digest:
                raise DamagedError(f"queue {self.url} took another message than was sent ({name})")
        identifier = str(taken.get("MessageId", ""))
        if not identifier or identifier in self.ids:
            raise DamagedError(f"queue {self.url} took a message for one that it has already: {entry['Id']}")
        self.ids.add(identifier)


def attributes_md5(attributes: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The digest of message attributes that SQS answers with; None where there are none."""
    if not attributes:
        return None
    text = b""
    for name, value in sorted(attributes.items()):
        binary = value["DataType"].startswith("Binary")
        content = value["BinaryValue"] if binary else value["StringValue"].encode()
        text += (
            _sized(name.encode()) + _sized(value["DataType"].encode()) + (b"\2" if binary else b"\1") + _sized(content)
        )
    return _md5(text)


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def _md5(value: bytes) -> str:
    return hashlib.md5(value, usedforsecurity=False).hexdigest()


def _content(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value
