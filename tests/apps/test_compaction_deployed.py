"""compaction in a local account: stream, queues and functions with their layer, through every release and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apps import catalogue
from tests.sandbox.account.conftest import Account, wait_for
from tests.support.receipts import FUNCTIONS, RELEASES, SYSTEM, item

pytestmark = [pytest.mark.sandbox]

STAGE = "trial"
TABLE, BUCKET, SHELF = f"receipts-{STAGE}", f"receipt-chroma-{STAGE}", "shelf"
METADATA, LABELS = f"receipt-metadata-updates-{STAGE}", f"receipt-label-updates-{STAGE}"
COMPACTION = f"chromadb-compaction-{STAGE}-enhanced_compaction_handler"
MANY = 12
CAFE = {"merchant": "Blue Cafe", "total": "12.5", "date": "2026-01-02", "text": "espresso and almond cake"}


class System:
    """One stage: stores, queues, functions behind aliases, and what starts them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.functions = account.client("lambda")
        s3, table = account.client("s3"), self._table()
        for bucket in (BUCKET, SHELF):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.urls = {name: self._queue(name) for name in (METADATA, LABELS)}
        self.release("v1.2.1")
        queue = f"arn:aws:sqs:us-east-1:{account.id}:"
        self._consume("stream_processor", table, StartingPosition="TRIM_HORIZON", BatchSize=50)
        self._consume("metadata_handler", f"{queue}{METADATA}", BatchSize=10)
        self._consume("label_handler", f"{queue}{LABELS}", BatchSize=10)

    def _table(self) -> str:
        made = self.account.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "receipt_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "receipt_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return str(made["TableDescription"]["LatestStreamArn"])

    def _queue(self, name: str) -> str:
        sqs = self.account.client("sqs")
        dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
        given = {"VisibilityTimeout": "1", "RedrivePolicy": redrive}
        return str(sqs.create_queue(QueueName=name, Attributes=given)["QueueUrl"])

    def _consume(self, function: str, source: str, **more: Any) -> None:
        self.functions.create_event_source_mapping(
            EventSourceArn=source,
            FunctionName=f"{self._arn(function)}:live",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **more,
        )

    def _arn(self, function: str) -> str:
        return f"arn:aws:lambda:us-east-1:{self.account.id}:function:chromadb-compaction-{STAGE}-{function}"

    def release(self, version: str) -> None:
        """Publish what a release pins, and point the aliases at it."""
        handlers, package = RELEASES[version]
        layer = self._layer(package)
        for function in FUNCTIONS:
            self._publish(function, handlers, layer, version)

    def _layer(self, version: str) -> str:
        artifact = catalogue.layer(SYSTEM, "receipt_chroma", version)
        self.account.client("s3").put_object(Bucket=SHELF, Key=artifact.key, Body=artifact.content)
        made = self.functions.publish_layer_version(
            LayerName=f"receipt-chroma-{STAGE}", Content={"S3Bucket": SHELF, "S3Key": artifact.key}
        )
        return str(made["LayerVersionArn"])

    def _publish(self, function: str, version: str, layer: str, release: str) -> None:
        name, artifact = f"chromadb-compaction-{STAGE}-{function}", catalogue.function(SYSTEM, function, version)
        known = {found["FunctionName"] for found in self.functions.list_functions()["Functions"]}
        settings: dict[str, Any] = {"Layers": [layer], "Environment": {"Variables": self._environment(release)}}
        if name not in known:
            self.account.function(name, "", Code={"ZipFile": artifact.content}, Timeout=60, MemorySize=512, **settings)
        else:
            self.functions.update_function_code(FunctionName=name, ZipFile=artifact.content)
            self.functions.update_function_configuration(FunctionName=name, **settings)
        number = self.functions.publish_version(FunctionName=name)["Version"]
        alias = self.functions.update_alias if name in known else self.functions.create_alias
        alias(FunctionName=name, Name="live", FunctionVersion=number)

    def _environment(self, release: str) -> dict[str, str]:
        return {
            "STAGE": STAGE,
            "RELEASE": release,
            "RECEIPTS_TABLE": TABLE,
            "METADATA_QUEUE_URL": self.urls[METADATA],
            "LABEL_QUEUE_URL": self.urls[LABELS],
            "CHROMA_BUCKET": BUCKET,
            "METRICS_NAMESPACE": f"Compaction/{STAGE}",
            "COMPACTION_FUNCTION": f"{self._arn('enhanced_compaction_handler')}:live",
            "USE_PACKAGE_COMPACTION": "true",
            "DATA_FORMAT": "2" if release == "v1.4.0" else "1",
        }

    def put(self, receipt_id: str, values: dict[str, str], labels: dict[str, str]) -> None:
        self.account.client("dynamodb").put_item(TableName=TABLE, Item=item(receipt_id, values, labels))

    def act(self, action: str, **more: Any) -> dict[str, Any]:
        answer, whole = self.account.invoke(COMPACTION, {"action": action, **more}, Qualifier="live")
        assert "FunctionError" not in whole, answer
        assert isinstance(answer, dict)
        return answer

    def settled(self, items: int) -> dict[str, Any]:
        """Wait until the store holds so many receipts and nothing waits; returns the health."""

        def check() -> dict[str, Any] | None:
            health = self.act("health")
            return health if (health["items"], health["waiting"]) == (items, 0) else None

        found = wait_for(check, 60, f"{items} receipts in the store")
        assert isinstance(found, dict)
        return found

    def depth(self, queue: str) -> int:
        sqs = self.account.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def metric(self, name: str) -> float:
        return self.account.total(f"Compaction/{STAGE}", name, {})


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    account = Account(tmp_path_factory.mktemp("compaction") / "state").start()
    yield System(account)
    account.stop()


@pytest.mark.long
def test_a_receipt_goes_through_on_every_release_forward_and_back(system: System) -> None:
    labels = {"1": "MERCHANT", "2": "TOTAL"}
    journey = ("v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0", "v1.2.3", "v1.2.1")
    for number, release in enumerate(journey, start=1):
        system.release(release)
        system.put(f"r{number}", {**CAFE, "text": f"receipt number{number}"}, labels)
        health = system.settled(number)
        written = 2 if release == "v1.4.0" else 1
        assert (health["status"], health["release"], health["format"]) == ("ok", release, written)
        assert health["package"] == RELEASES[release][1]
        for asked in {1, number}:
            answer = system.act("query", text=f"number{asked}", top_k=1)
            (hit,) = answer["results"]
            assert (answer["release"], hit["receipt_id"], hit["merchant"]) == (release, f"r{asked}", "Blue Cafe")
            assert {label["word_id"]: label["label"] for label in hit["labels"]} == labels
    assert system.metric("StreamProcessorProcessedRecords") == len(journey)
    assert system.metric("CompactionMetadataUpdates") == system.metric("CompactionLabelUpdates") == len(journey)
    assert system.metric("CompactionLambdaError") == 0
    assert system.metric("CompactionLambdaSuccess") >= 3 * len(journey)


@pytest.mark.long
def test_the_faulty_release_fills_the_dead_letters_and_going_back_heals(system: System) -> None:
    system.release("v1.2.3")
    before = system.act("health")["items"]
    for receipt in ("bad", "going"):
        system.put(receipt, CAFE, {"1": "TOTAL"})
    system.settled(before + 2)
    system.release("v1.3.0")
    system.put("bad", {**CAFE, "total": "99.9"}, {"1": "MERCHANT"})
    wait_for(lambda: system.depth(f"{LABELS}-dlq") == 1, 30, "the label update among the dead letters")
    system.account.client("dynamodb").delete_item(TableName=TABLE, Key={"receipt_id": {"S": "going"}})
    wait_for(lambda: system.depth(f"{METADATA}-dlq") == 1, 30, "the removal among the dead letters")
    wait_for(lambda: system.metric("CompactionLambdaError") >= 3, 30, "CompactionLambdaError")
    wait_for(
        lambda: system.act("query", text="espresso", top_k=1)["results"][0]["total"] == "9990", 30, "a wrong total"
    )

    system.release("v1.2.3")
    assert system.act("repair")["repaired"] == 2
    (hit,) = system.act("query", text="espresso", top_k=1)["results"]
    assert (hit["receipt_id"], hit["total"]) == ("bad", "99.9")
    assert hit["labels"] == [{"word_id": "1", "label": "MERCHANT"}]
    assert system.act("health")["items"] == before + 1


@pytest.mark.long
def test_compactions_side_by_side_lose_nothing(system: System) -> None:
    system.release("v1.2.3")
    # A compaction that finds nothing, not even a first snapshot, writes none and has no format.
    before = system.act("health")["items"] + 1
    system.put("first", CAFE, {"1": "TOTAL"})
    system.settled(before)
    for number in range(MANY):
        system.put(f"many{number}", {**CAFE, "text": f"many item{number}"}, {"1": "TOTAL"})
    # Beside those that the handlers ask for.
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(system.act, ["compact"] * 6))
    assert all(answer["format"] == 1 for answer in answers)
    system.settled(before + MANY)
    for number in range(MANY):
        (hit,) = system.act("query", text=f"item{number}", top_k=1)["results"]
        assert (hit["receipt_id"], len(hit["labels"])) == (f"many{number}", 1)


def test_the_files_of_the_functions_stay_as_they_were_unpacked(system: System) -> None:
    """Every worker of a version shares its folder: nothing may write there but Python's own cache."""
    folder = Path(system.account.state_dir) / "functions"
    strays = {path.name for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert strays == set()
