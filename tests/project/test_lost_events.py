"""What a function of prod fails on for good is kept in a dead-letter queue, with what is needed to try again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.sandbox import RunningSandbox

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

GONE = "gone.pdf"
FUNCTIONS = ("async_document_processor", "process_document_for_rag")


def event() -> dict[str, Any]:
    """What S3 sends for a document that can't be read: it was deleted since."""
    s3 = {"bucket": {"name": "amplify-files-prod"}, "object": {"key": GONE, "size": 1, "eTag": "0"}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": s3}]}


@pytest.fixture
def letters(sandbox: RunningSandbox, prod: Project) -> Iterator[str]:
    """The queue for failed uploads, by the name that the stack's output gives it; empty again afterwards."""
    url = prod.outputs()["systems"]["async-rag"]["stores"]["uploadsDeadLetters"]
    yield url
    sandbox.client("sqs").purge_queue(QueueUrl=url)


@pytest.mark.long
def test_a_document_that_no_try_can_read_ends_in_the_dead_letters(sandbox: RunningSandbox, letters: str) -> None:
    lambdas, sqs = sandbox.client("lambda"), sandbox.client("sqs")
    payload = json.dumps(event())
    for function in FUNCTIONS:
        lambdas.invoke(
            FunctionName=f"amplify-rag-prod-{function}", Qualifier="live", InvocationType="Event", Payload=payload
        )
    found: dict[str, Any] = {}
    for _ in range(4):
        for message in sqs.receive_message(QueueUrl=letters, WaitTimeSeconds=10).get("Messages", []):
            record = json.loads(message["Body"])
            found[record["requestContext"]["functionArn"].split(":")[6]] = record
            sqs.delete_message(QueueUrl=letters, ReceiptHandle=message["ReceiptHandle"])
        if len(found) == len(FUNCTIONS):
            break
    assert set(found) == {f"amplify-rag-prod-{function}" for function in FUNCTIONS}
    for record in found.values():
        assert record["requestPayload"] == event()
        context = record["requestContext"]
        assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 3)
        assert "NoSuchKey" in record["responsePayload"]["errorMessage"]


@pytest.mark.long
def test_uploads_are_sent_on_only_once_failures_have_somewhere_to_go(prod: Project) -> None:
    """The other way round, an upload in between could be lost."""
    resources = prod.state()["deployment"]["resources"]
    (notification,) = (each for each in resources if each["type"] == "aws:s3/bucketNotification:BucketNotification")
    after = {urn.rpartition("::")[2] for urn in notification["dependencies"]}
    assert {f"async-rag-{function}-failures" for function in FUNCTIONS} <= after
