"""SQS queues: every waiting message received, saved, and made visible again. SQS API reference.

Receiving is the only way to read a message. It raises the message's receive count by one, so that a message which had
been tried as often as its queue allows goes to the dead letters instead; the copy is then refused, and nothing is lost.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from guard.recovery.clients import client
from guard.recovery.digest import Content, Digest
from guard.recovery.errors import DamagedError, RecoveryError, absent, told
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.makers import objects
from guard.recovery.points import RecoveryPoint, Store

HIDDEN = 900
"""Seconds for which a message stays hidden while the others are read; a killed copy leaves them hidden that long."""
WAITING = "ApproximateNumberOfMessages"
IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"
DELAYED = "ApproximateNumberOfMessagesDelayed"
BATCH = 10
BATCH_BYTES = 200 * 1024
"""Below what SendMessageBatch takes at once, with room for attributes."""
NOTE = "every message's receive count rose by one"


class Queues:
    """See the module."""

    def count(self, store: Store) -> int:
        """Messages that wait, are in flight or are delayed, as SQS says (exact a minute after the last change)."""
        with told(str(store)):
            sqs = client("sqs", store.region)
            return sum(_depths(sqs, _url(sqs, store.name)).values())

    def measure(self, store: Store, progress: Progress) -> Content:
        """See ``Maker``. Reads every message, as a copy does."""
        with told(str(store)), objects.spooled() as file:
            return _received(store, file, progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``."""
        s3 = client("s3", order.region)
        key = f"queues/{order.store.name}/{order.id}.ndjson"
        with told(str(order.store)), objects.spooled() as file:
            content = _received(order.store, file, order.progress)
            objects.upload(s3, file, order.bucket, key)
        return Copy(objects.uri(order.bucket, key), content, NOTE if content.items else None)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        digest = Digest()
        with told(f"copy {point.where} of {point.store}", DamagedError):
            for message in _held(point):
                digest.add(objects.line(_told(message)))
                progress("reading messages", digest.items, point.items)
        if differs := point.content.difference(digest.content()):
            raise DamagedError(f"copy {point.where} of {point.store}: {differs}")
        return f"the object was read: {digest.items} messages"

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. The queue has to be there; consumers get the messages at once, oldest first."""
        self.verify(point, progress)
        sqs = client("sqs", point.store.region)
        with told(f"queue {target}"):
            url = _url(sqs, target)
            if items := sum(_depths(sqs, url).values()):
                raise RecoveryError(f"queue {target} holds {items} messages: restore {point.id} to another queue")
            done = 0
            for batch in _batches(sorted(_held(point), key=_sent)):
                _send(sqs, url, batch)
                done += len(batch)
                progress("sending messages", done, point.items)
        return done


@dataclass
class _Reading:
    """Messages that were received and not given back yet, by id."""

    receipts: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def check(self, store: Store) -> None:
        """Refuse to go on once the first message may be visible again: it could be counted twice."""
        if time.monotonic() - self.started > HIDDEN - 60:
            raise RecoveryError(f"{store} can't be read within {HIDDEN} s: let its consumers drain it first")


def _received(store: Store, file: IO[bytes], progress: Progress) -> Content:
    """Receive every message into a file and give it back; refused where consumers are at work or some don't come."""
    sqs = client("sqs", store.region)
    url = _url(sqs, store.name)
    depths = _depths(sqs, url)
    if depths[IN_FLIGHT]:
        raise RecoveryError(
            f"{store}: {depths[IN_FLIGHT]} messages are with consumers: pause the queue's consumers, and wait for its "
            "visibility timeout"
        )
    if depths[DELAYED]:
        raise RecoveryError(f"{store}: {depths[DELAYED]} messages are delayed: wait until they can be received")
    reading, digest = _Reading(), Digest()
    try:
        while messages := _receive(sqs, url, wait=digest.items >= depths[WAITING]):
            reading.check(store)
            for message in messages:
                if message["MessageId"] not in reading.receipts:
                    record = _record(message)
                    file.write(objects.line(record))
                    digest.add(objects.line(_told(record)))
                reading.receipts[message["MessageId"]] = message["ReceiptHandle"]
            progress("receiving messages", digest.items, max(depths[WAITING], digest.items))
    finally:
        _give_back(sqs, url, reading.receipts)
    if digest.items < depths[WAITING]:
        raise RecoveryError(
            f"{store}: {digest.items} of {depths[WAITING]} messages were received: others take them, they went to the "
            "dead letters, or a FIFO group holds more than ten"
        )
    return digest.content()


def _receive(sqs: Any, url: str, *, wait: bool) -> list[dict[str, Any]]:
    """Up to ten messages; with ``wait`` every server is asked (long polling), so that none means none."""
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=HIDDEN,
        WaitTimeSeconds=1 if wait else 0,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    found: list[dict[str, Any]] = answer.get("Messages") or []
    return found if found or wait else _receive(sqs, url, wait=True)


def _give_back(sqs: Any, url: str, receipts: dict[str, str]) -> None:
    """Make messages visible again."""
    left = iter(receipts.items())
    while batch := list(islice(left, BATCH)):
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for number, (_, receipt) in enumerate(batch)
        ]
        failed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries).get("Failed")
        if failed:
            raise RecoveryError(f"queue {url}: {len(failed)} messages stay hidden for up to {HIDDEN} s: {failed[0]}")


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is saved."""
    return {
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: {key: _text(each) for key, each in value.items()}
            for name, value in message.get("MessageAttributes", {}).items()
        },
    }


def _text(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _content(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """What of a message is content: not its receive count and other traces of reading."""
    own = {name: record["attributes"].get(name) for name in ("MessageGroupId", "SentTimestamp")}
    return {**own, **{name: record[name] for name in ("messageId", "body", "messageAttributes")}}


def _held(point: RecoveryPoint) -> Iterator[dict[str, Any]]:
    return objects.lines(client("s3", point.store.region), *objects.place(point.where))


def _sent(record: dict[str, Any]) -> tuple[int, int]:
    own = record["attributes"]
    return int(own.get("SentTimestamp", 0)), int(own.get("SequenceNumber", 0))


def _batches(records: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for record in records:
        weight = len(objects.line(record))
        if batch and (len(batch) == BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += weight
    if batch:
        yield batch


def _send(sqs: Any, url: str, batch: list[dict[str, Any]]) -> None:
    entries = []
    for number, record in enumerate(batch):
        own = record["attributes"]
        fifo = {name: own[name] for name in ("MessageGroupId", "MessageDeduplicationId") if own.get(name)}
        attributes = {
            name: {key: _content(each) for key, each in value.items()}
            for name, value in record["messageAttributes"].items()
        }
        entries.append(
            {"Id": str(number), "MessageBody": record["body"], "MessageAttributes": attributes}
            | (fifo if url.endswith(".fifo") else {})
        )
    failed = sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    if failed:
        raise RecoveryError(f"queue {url} took {len(batch) - len(failed)} of {len(batch)} messages: {failed[0]}")


def _url(sqs: Any, name: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except Exception as error:
        if absent(error):
            raise RecoveryError(f"queue {name} doesn't exist") from None
        raise


def _depths(sqs: Any, url: str) -> dict[str, int]:
    words = [WAITING, IN_FLIGHT, DELAYED]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=words)["Attributes"]
    return {word: int(found[word]) for word in words}
