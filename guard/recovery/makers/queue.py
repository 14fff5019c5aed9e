"""SQS queues: every waiting message received, saved, and made visible again. SQS API reference.

Receiving is the only way to read a message. It raises the message's receive count by one, so that a message which had
been tried as often as its queue allows goes to the dead letters instead; the copy is then refused, and nothing is lost.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from core import deadline
from core.aws import client
from core.errors import DamagedError, ServiceError, absent, translate_errors
from guard.recovery.digest import Content, Digest
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.makers import json_lines
from guard.recovery.makers.messages import BATCH, FIFO, TRACE, Sending, batches
from guard.recovery.points import LocatedStore, RecoveryPoint

HIDDEN = 900
"""Seconds for which a message stays hidden while the others are read; a killed copy leaves them hidden that long."""
WAITING = "ApproximateNumberOfMessages"
IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"
DELAYED = "ApproximateNumberOfMessagesDelayed"
TRIES = "ApproximateReceiveCount"
NOTE = "every message's receive count rose by one; restored messages have new ids and dates"
NOTE_FIFO = ", and new deduplication ids"


class Queues:
    """Counts, copies, reads back and restores SQS queues."""

    def count(self, store: LocatedStore) -> int:
        """Messages that wait, are in flight or are delayed, as SQS says (exact a minute after the last change)."""
        with translate_errors(str(store)):
            sqs = client("sqs", store.region)
            return sum(_depths(sqs, _url(sqs, store.name)).values())

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """See ``Maker``. Reads every message, as a copy does."""
        with translate_errors(str(store)), json_lines.spooled() as file:
            return _received(store, file, progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``."""
        s3 = client("s3", order.region)
        key = f"queues/{order.store.name}/{order.id}.ndjson"
        with translate_errors(str(order.store)), json_lines.spooled() as file:
            content = _received(order.store, file, order.progress)
            written = json_lines.upload(s3, file, order.bucket, key, content)
        note = NOTE + (NOTE_FIFO if order.store.name.endswith(FIFO) else "") if content.items else None
        return Copy(json_lines.uri(order.bucket, key), content, note, written)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        digest = Digest()
        with translate_errors(f"copy {point.where} of {point.store}", DamagedError):
            for message in _held(point):
                digest.add(json_lines.line(_told(message)))
                progress("reading messages", digest.items, point.items)
        if differs := point.differs(digest.content()):
            raise DamagedError(f"copy {point.where} of {point.store}: {differs}")
        return f"the object was read: {digest.items} messages"

    def check(self, point: RecoveryPoint) -> None:
        """See ``Maker``."""
        json_lines.check(client("s3", point.store.region), point)

    def refuse_exhausting(self, point: RecoveryPoint) -> None:
        """Raise ``ServiceError`` where reading the queue once more would send messages to its dead letters."""
        store = point.store
        with translate_errors(str(store)):
            sqs = client("sqs", store.region)
            url = _url(sqs, store.name)
            policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"]).get("Attributes") or {}
            limit = int(json.loads(policy.get("RedrivePolicy", "{}")).get("maxReceiveCount", 0))
            tried = max((int(each["attributes"].get(TRIES, 1)) for each in _held(point)), default=0) if limit else 0
        if limit and tried >= limit:
            raise ServiceError(
                f"{store} gives a message up after {limit} tries, and some had {tried}: to compare them would send "
                "them to the dead letters; raise maxReceiveCount of its redrive policy, or let its consumers drain it"
            )

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. The queue has to be there; consumers get the messages at once, oldest first.

        What SQS says that it took is compared message by message (id, MD5 of body and attributes): to read the queue
        again would be to receive its messages once more.
        """
        self.verify(point, progress)
        sqs = client("sqs", point.store.region)
        with translate_errors(f"queue {target}"):
            url = _url(sqs, target)
            if items := sum(_depths(sqs, url).values()):
                raise ServiceError(f"queue {target} holds {items} messages: restore {point.id} to another queue")
            sending = Sending(sqs, url)
            # A FIFO group is received in its order, which its clock may not tell.
            held = list(_held(point)) if target.endswith(FIFO) else sorted(_held(point), key=_sent)
            for batch in batches(held):
                sending.send(batch)
                progress("sending messages", sending.done, point.items)
        if sending.done != point.items:
            raise DamagedError(f"queue {target} took {sending.done} of {point.items} messages of {point.id}")
        return sending.done


@dataclass
class _Reading:
    """Messages that were received and not given back yet, by id."""

    receipts: dict[str, str] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def check(self, store: LocatedStore) -> None:
        """Refuse to go on once the first message may be visible again: it could be counted twice."""
        if time.monotonic() - self.started > HIDDEN - 60:
            raise ServiceError(f"{store} can't be read within {HIDDEN} s: let its consumers drain it first")


def _received(store: LocatedStore, file: IO[bytes], progress: Progress) -> Content:
    """Receive every message into a file and give it back; refused where consumers are at work or some don't come."""
    sqs = client("sqs", store.region)
    url = _url(sqs, store.name)
    depths = _depths(sqs, url)
    if depths[IN_FLIGHT]:
        raise ServiceError(
            f"{store}: {depths[IN_FLIGHT]} messages are with consumers: pause the queue's consumers, and wait for its "
            "visibility timeout"
        )
    if depths[DELAYED]:
        raise ServiceError(f"{store}: {depths[DELAYED]} messages are delayed: wait until they can be received")
    reading, digest = _Reading(), Digest()
    try:
        while messages := _receive(sqs, url, wait=digest.items >= depths[WAITING]):
            reading.check(store)
            for message in messages:
                if message["MessageId"] not in reading.receipts:
                    record = _record(message)
                    file.write(json_lines.line(record))
                    digest.add(json_lines.line(_told(record)))
                reading.receipts[message["MessageId"]] = message["ReceiptHandle"]
            progress("receiving messages", digest.items, max(depths[WAITING], digest.items))
    finally:
        with deadline.lifted():
            _give_back(sqs, url, reading.receipts)
    if digest.items < depths[WAITING]:
        raise ServiceError(
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
            raise ServiceError(f"queue {url}: {len(failed)} messages stay hidden for up to {HIDDEN} s: {failed[0]}")


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


def _told(record: dict[str, Any]) -> dict[str, Any]:
    """What of a message is content: not its receive count and other traces of reading."""
    own = {name: record["attributes"].get(name) for name in ("MessageGroupId", "SentTimestamp", TRACE)}
    return {**own, **{name: record[name] for name in ("messageId", "body", "messageAttributes")}}


def _held(point: RecoveryPoint) -> Iterator[dict[str, Any]]:
    return json_lines.lines(client("s3", point.store.region), *json_lines.place(point.where))


def _sent(record: dict[str, Any]) -> int:
    return int(record["attributes"].get("SentTimestamp", 0))


def _url(sqs: Any, name: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except Exception as error:
        if absent(error):
            raise ServiceError(f"queue {name} doesn't exist") from None
        raise


def _depths(sqs: Any, url: str) -> dict[str, int]:
    words = [WAITING, IN_FLIGHT, DELAYED]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=words)["Attributes"]
    return {word: int(found[word]) for word in words}
