from __future__ import annotations

import json
from typing import Any

import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.digest import Digest
from guard.recovery.makers import json_lines, queue
from guard.recovery.makers.messages import Sending
from tests.guard.recovery.conftest import Place, store


def make_queue(place: Place, name: str, messages: int = 0, **attributes: str) -> str:
    sqs = place.client("sqs")
    url = str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])
    for number in range(messages):
        raw = {"raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}", MessageAttributes=raw)
    return url


def drain(place: Place, url: str) -> list[Any]:
    """Receive and delete every message."""
    sqs, found = place.client("sqs"), []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            found.append(message)
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def told(messages: list[Any]) -> list[Any]:
    return [(each["Body"], each["MessageAttributes"]["raw"]["BinaryValue"]) for each in messages]


def test_a_queue_is_copied_read_back_lost_and_restored(place: Place) -> None:
    url = make_queue(place, "work", 23)
    point = place.make("queue", "work")
    assert work.count(point.store) == point.items == 23
    assert point.note == "every message's receive count rose by one; restored messages have new ids and dates"
    with pytest.raises(ServiceError, match=r"queue work holds 23 messages: restore .* to another queue"):
        work.restore(point, "work")
    lost = drain(place, url)
    assert {each["Attributes"]["ApproximateReceiveCount"] for each in lost} == {"2"}, "they were visible again"
    assert work.restore(point, "work") == 23
    assert told(drain(place, url)) == told(lost)
    place.client("sqs").delete_queue(QueueUrl=url)
    with pytest.raises(ServiceError, match="queue work doesn't exist"):
        work.restore(point, "work")


def test_an_empty_queue_has_a_recovery_point_of_nothing(place: Place) -> None:
    make_queue(place, "idle")
    point = place.make("queue", "idle")
    assert (point.items, point.note) == (0, None)


def test_a_damaged_copy_is_found(place: Place) -> None:
    make_queue(place, "damaged", 2)
    point = place.make("queue", "damaged")
    s3, (bucket, key) = place.client("s3"), json_lines.place(point.where)
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    for body in (text.replace(b"message 1", b"message 9"), text.splitlines()[0], b"{}\n", b"\xff"):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        with pytest.raises(DamagedError):
            work.verify(point, place.catalogue)
    s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(DamagedError, match="copy s3://"):
        work.verify(point, place.catalogue)
    assert place.recorded(point).fault is not None


def test_messages_that_are_with_consumers_or_delayed_are_refused(place: Place) -> None:
    sqs = place.client("sqs")
    url = make_queue(place, "consumed", 2)
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    with pytest.raises(ServiceError, match="1 messages are with consumers: pause the queue's consumers"):
        place.make("queue", "consumed")
    late = make_queue(place, "late")
    sqs.send_message(QueueUrl=late, MessageBody="later", DelaySeconds=600)
    with pytest.raises(ServiceError, match="1 messages are delayed"):
        place.make("queue", "late")
    assert work.count(store("queue", "late")) == 1


def test_messages_that_go_to_the_dead_letters_meanwhile_are_no_complete_copy(place: Place) -> None:
    dead = make_queue(place, "tried-dlq")
    arn = place.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = make_queue(place, "tried", 1, RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}')
    place.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0)
    with pytest.raises(ServiceError, match="0 of 1 messages were received"):
        place.make("queue", "tried")
    assert list(place.catalogue.of(store("queue", "tried"))) == []
    assert work.count(store("queue", "tried-dlq")) == 1, "nothing is lost"


@pytest.mark.long
def test_an_ordered_queue_keeps_its_groups(place: Place) -> None:
    url = make_queue(place, "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="false")
    for number in range(5):
        place.client("sqs").send_message(
            QueueUrl=url,
            MessageBody=str(number),
            MessageGroupId=f"group-{number % 2}",
            MessageDeduplicationId=str(number),
        )
    point = place.make("queue", "ordered.fifo")
    target = make_queue(place, "restored.fifo", FifoQueue="true")
    assert work.restore(point, "restored.fifo") == 5
    found = drain(place, target)
    assert [(each["Body"], each["Attributes"]["MessageGroupId"]) for each in found] == [
        (str(number), f"group-{number % 2}") for number in range(5)
    ]


@pytest.mark.long
def test_messages_with_one_deduplication_id_all_come_back_in_order(place: Place) -> None:
    """As two would be that were sent more than five minutes apart: SQS swallows the second only within five."""
    sqs = place.client("sqs")
    url = make_queue(place, "twice.fifo", FifoQueue="true", ContentBasedDeduplication="false")
    for number in range(4):
        sqs.send_message(
            QueueUrl=url, MessageBody=str(number), MessageGroupId="one", MessageDeduplicationId=f"id-{number}"
        )
    point = place.make("queue", "twice.fifo")
    assert point.note is not None
    assert "new deduplication ids" in point.note
    bucket, key = json_lines.place(point.where)
    s3, digest = place.client("s3"), Digest()
    lines = [json.loads(line) for line in s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()]
    for each in lines:
        each["attributes"]["MessageDeduplicationId"] = "the same"
        digest.add(json_lines.line(queue._told(each)))
    s3.put_object(Bucket=bucket, Key=key, Body=b"".join(json_lines.line(each) for each in lines))
    target = make_queue(place, "twice-restored.fifo", FifoQueue="true")
    for _ in range(2):  # the second within the five minutes of the first
        assert work.restore(point, "twice-restored.fifo") == 4
        assert [each["Body"] for each in drain(place, target)] == ["0", "1", "2", "3"]
    assert digest.content() == point.content, "a deduplication id is no content"


def test_a_trace_header_comes_back(place: Place) -> None:
    sqs, trace = place.client("sqs"), "Root=1-5759e988-bd862e3fe1be46a994272793"
    url = make_queue(place, "traced")
    sqs.send_message(
        QueueUrl=url,
        MessageBody="x",
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )
    point = place.make("queue", "traced")
    drain(place, url)
    work.restore(point, "traced")
    assert [each["Attributes"]["AWSTraceHeader"] for each in drain(place, url)] == [trace]


class Answers:
    """An SQS client that says something else than it took."""

    def __init__(self, **differs: str) -> None:
        self.differs = differs

    def send_message(self, **given: Any) -> dict[str, Any]:
        return {"MessageId": given["MessageBody"], **self.differs}

    def send_message_batch(self, **given: Any) -> dict[str, Any]:
        return {
            "Successful": [{"Id": each["Id"], "MessageId": each["Id"], **self.differs} for each in given["Entries"]]
        }


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"MD5OfMessageBody": "0" * 32}, "took another message than was sent"),
        ({"MD5OfMessageAttributes": "0" * 32}, "took another message than was sent"),
        ({"MD5OfMessageSystemAttributes": "0" * 32}, "took another message than was sent"),
        ({"MessageId": "the same"}, "took a message for one that it has already"),
    ],
)
def test_what_the_queue_says_that_it_took_is_compared(differs: dict[str, str], said: str) -> None:
    raw = {"raw": {"DataType": "Binary", "BinaryValue": {"base64": "AP8="}}}
    record = {"body": "x", "attributes": {"AWSTraceHeader": "Root=1"}, "messageAttributes": raw}
    with pytest.raises(DamagedError, match=said):
        Sending(Answers(**differs), "queue").send([record, record])
    sending = Sending(Answers(), "queue")
    sending.send([record, record])
    assert sending.done == 2
