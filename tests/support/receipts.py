"""The compaction system in one process: a mocked account, and handlers loaded from their zips beside a layer's."""

from __future__ import annotations

import functools
import importlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from apps import catalogue
from apps.kinds import Package

SYSTEM = "compaction"
FUNCTIONS = ("stream_processor", "metadata_handler", "label_handler", "enhanced_compaction_handler")
RELEASES = {
    "v1.2.1": ("1.0.0", "1.0.0"),
    "v1.2.2": ("1.0.0", "1.1.0"),
    "v1.2.3": ("1.1.0", "1.1.0"),
    "v1.3.0": ("2.0.0", "1.1.0"),
    "v1.4.0": ("1.2.0", "1.2.0"),
}
"""Per release its versions of the handlers and of the package."""

TABLE, BUCKET, NAMESPACE = "receipts-test", "receipt-chroma-test", "Compaction/test"
METADATA, LABELS = "receipt-metadata-updates-test", "receipt-label-updates-test"
RECEIVES = 3
"""How often a message is delivered before it goes to the dead letters."""

_OWN = ("handler", "compaction", "receipt_chroma", "amounts", "label_words")


@dataclass
class Pair:
    """One version of the handlers beside one of the package, each function in modules of its own."""

    handlers: str
    package: str
    _loaded: dict[str, dict[str, ModuleType]] = field(default_factory=dict)

    def call(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function as a warm worker would run it."""
        with self.inside(function) as handler:
            answer: dict[str, Any] = json.loads(json.dumps(handler.handler(event, None)))
            return answer

    @contextmanager
    def inside(self, function: str) -> Iterator[ModuleType]:
        """Let imports find what the function's worker finds; yields its handler module."""
        paths = self._unpacked(function)
        outside = _set_aside()
        sys.path[:0] = paths
        sys.modules.update(self._loaded.get(function, {}))
        try:
            handler = importlib.import_module("handler")
            # Already now, for calls of the same function while this one lasts.
            self._loaded[function] = _own()
            yield handler
        finally:
            self._loaded[function] = _set_aside()
            for path in paths:
                sys.path.remove(path)
            sys.modules.update(outside)
            importlib.invalidate_caches()

    def _unpacked(self, function: str) -> list[str]:
        code = _unpacked(catalogue.function(SYSTEM, function, self.handlers))
        return [str(code), str(_unpacked(catalogue.layer(SYSTEM, "receipt_chroma", self.package)) / "python")]


@functools.cache
def _shelf() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="artifacts-")


def _unpacked(artifact: Package) -> Path:
    """Return the folder with an artifact's files: one for all tests, which don't write to it."""
    folder = Path(_shelf().name) / artifact.sha256
    if not folder.exists():
        with zipfile.ZipFile(io.BytesIO(artifact.content)) as package:
            package.extractall(folder)
    return folder


def _own() -> dict[str, ModuleType]:
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] in _OWN}


def _set_aside() -> dict[str, ModuleType]:
    """Take the modules of artifacts out of those that are loaded."""
    return {name: sys.modules.pop(name) for name in _own()}


def item(receipt_id: str, values: dict[str, str], labels: dict[str, str] | None = None) -> dict[str, Any]:
    """A receipt as the table has it."""
    made: dict[str, Any] = {"receipt_id": {"S": receipt_id}}
    made |= {name: {"N" if name == "total" else "S": value} for name, value in values.items()}
    if labels is not None:
        entries = [{"M": {"word_id": {"S": word}, "label": {"S": label}}} for word, label in labels.items()]
        made["labels"] = {"L": entries}
    return made


@contextmanager
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receipts]:
    """A mocked account, with the functions' environment variables set."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # A new boto3 session for each test would read the service models again each time.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        made = Receipts()
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


class Receipts:
    """The mocked account of one stack."""

    def __init__(self) -> None:
        self.read = 0
        self.clients: dict[str, Any] = {}
        for service in ("s3", "sqs", "dynamodb", "cloudwatch"):
            self.clients[service] = boto3.client(service)
        self.clients["dynamodb"].create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "receipt_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "receipt_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.clients["s3"].create_bucket(Bucket=BUCKET)
        versioned = {"Status": "Enabled"}
        self.clients["s3"].put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
        self.urls = {name: self._queue(name) for name in (METADATA, LABELS)}

    def _queue(self, name: str) -> str:
        sqs = self.clients["sqs"]
        dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
        return str(sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"])

    def environment(self) -> dict[str, str]:
        """What the stack tells the functions."""
        return {
            "STAGE": "test",
            "RELEASE": "v9.9.9",
            "RECEIPTS_TABLE": TABLE,
            "METADATA_QUEUE_URL": self.urls[METADATA],
            "LABEL_QUEUE_URL": self.urls[LABELS],
            "CHROMA_BUCKET": BUCKET,
            "METRICS_NAMESPACE": NAMESPACE,
            "COMPACTION_FUNCTION": "",
            "USE_PACKAGE_COMPACTION": "true",
            "DATA_FORMAT": "1",
        }

    def pair(self, handlers: str, package: str) -> Pair:
        """Deploy one version of the handlers beside one of the package."""
        return Pair(handlers, package)

    def release(self, version: str) -> Pair:
        """Deploy what a release pins."""
        return self.pair(*RELEASES[version])

    def put(self, receipt_id: str, values: dict[str, str], labels: dict[str, str] | None = None) -> None:
        """Write a receipt to the table; labels by word id, the total as text."""
        self.clients["dynamodb"].put_item(TableName=TABLE, Item=item(receipt_id, values, labels))

    def delete(self, receipt_id: str) -> None:
        """Remove a receipt from the table."""
        self.clients["dynamodb"].delete_item(TableName=TABLE, Key={"receipt_id": {"S": receipt_id}})

    def stream(self) -> list[dict[str, Any]]:
        """The table's stream records since the last call, as Lambda's event has them."""
        items = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[TABLE].stream_shard.items[self.read :]
        self.read += len(items)
        return [json.loads(json.dumps(item.record, default=lambda when: when.timestamp())) for item in items]

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """All messages of a queue as Lambda's records; they stay in the queue until `acknowledge`."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.clients["sqs"].receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return found
            found += [
                {"messageId": one["MessageId"], "body": one["Body"], "receiptHandle": one["ReceiptHandle"]}
                for one in answer["Messages"]
            ]

    def acknowledge(self, queue: str, records: list[dict[str, Any]], failed: set[str]) -> None:
        """Delete the messages that went well, and let the others be delivered again at once."""
        sqs, url = self.clients["sqs"], self.urls[queue]
        for record in records:
            handle = record["receiptHandle"]
            if record["messageId"] in failed:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
            else:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)

    def queue_changes(self, pair: Pair) -> None:
        """Run the stream processor on what is new in the table's stream."""
        if records := self.stream():
            assert pair.call("stream_processor", {"Records": records}) == {"batchItemFailures": []}

    def consume(self, pair: Pair) -> list[str]:
        """Run both queue handlers as Lambda does until nothing is delivered any more; returns their errors."""
        errors = []
        for queue, function in ((METADATA, "metadata_handler"), (LABELS, "label_handler")):
            while records := self.receive(queue):
                try:
                    answer = pair.call(function, {"Records": records})
                    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
                except Exception as error:
                    errors.append(f"{function}: {error}")
                    failed = {record["messageId"] for record in records}
                self.acknowledge(queue, records, failed)
        return errors

    def settle(self, pair: Pair) -> dict[str, Any]:
        """Run everything that follows changes of the table; returns what the compaction answered."""
        self.queue_changes(pair)
        assert self.consume(pair) == []
        return self.act(pair, "compact")

    def act(self, pair: Pair, action: str, **more: Any) -> dict[str, Any]:
        """Ask the compaction function for an action."""
        return pair.call("enhanced_compaction_handler", {"action": action, **more})

    def pointer(self) -> dict[str, Any]:
        """The pointer to the newest snapshot."""
        found: dict[str, Any] = json.loads(
            self.clients["s3"].get_object(Bucket=BUCKET, Key="snapshots/latest.json")["Body"].read()
        )
        return found

    def keys(self, prefix: str) -> list[str]:
        """The keys in the bucket that begin with a prefix."""
        answer = self.clients["s3"].list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def content(self, pair: Pair) -> dict[str, dict[str, Any]]:
        """The receipts of the newest snapshot, as a pair reads them, without positions."""
        with pair.inside("enhanced_compaction_handler"), TemporaryDirectory() as work:
            snapshots = importlib.import_module("receipt_chroma.snapshots").Snapshots(self.clients["s3"], BUCKET)
            newest = snapshots.newest()
            snapshots.unpack(newest, Path(work))
            with importlib.import_module("receipt_chroma.store").Store(Path(work), newest.format) as store:
                receipts = [receipt for page in store.pages() for receipt in page]
        return {
            receipt.receipt_id: {
                **{name: getattr(receipt, name) for name in ("merchant", "total", "date", "text")},
                "labels": {label.word_id: label.label for label in receipt.labels},
            }
            for receipt in receipts
        }

    def metric(self, name: str) -> float:
        """The sum of everything written to a metric."""
        data = cloudwatch_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].metric_data
        return float(sum(datum.value for datum in data if (datum.namespace, datum.name) == (NAMESPACE, name)))

    def depth(self, queue: str) -> int:
        """The number of messages in a queue."""
        url = self.clients["sqs"].get_queue_url(QueueName=queue)["QueueUrl"]
        wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        return sum(int(value) for value in found.values())
