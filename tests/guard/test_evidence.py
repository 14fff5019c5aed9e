"""Evidence: a recovery point held against what the store holds, and everything unknown as missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from guard.evidence import RecoveryPoints
from guard.location import Location
from guard.store import Store
from tests.guard.states import TABLE, urn

QUEUE, LOGS = "aws:sqs/queue:Queue", "aws:cloudwatch/logGroup:LogGroup"
EVIDENCE = RecoveryPoints("evidence-test", "us-east-1")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")


def store(name: str, token: str, region: str = "us-east-1") -> Store:
    return Store(urn(name, token), token, name, "shared", {}, Location(region=region))


def missing(name: str, token: str) -> str | None:
    return EVIDENCE.find(store(name, token)).missing


def test_a_store_without_a_recovery_point_says_what_would_be_lost_and_what_makes_one(account: Any) -> None:
    account("dynamodb").create_table(
        TableName="receipts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account("dynamodb").put_item(TableName="receipts", Item={"id": {"S": "1"}})
    said = missing("receipts", TABLE)
    assert said is not None
    what, command = said.splitlines()
    assert "no recovery point; 1 items would be lost" in what
    assert command == "rollback recovery make receipts -s prod"


def test_an_empty_queue_has_nothing_to_lose_and_one_with_messages_has(account: Any) -> None:
    url = account("sqs").create_queue(QueueName="jobs")["QueueUrl"]
    assert missing("jobs", QUEUE) is None
    account("sqs").send_message(QueueUrl=url, MessageBody="work")
    assert "1 items would be lost" in str(missing("jobs", QUEUE))


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (TABLE, "whether it can be restored isn't known"),
        (LOGS, "whether it can be restored isn't known"),
        ("aws:ec2/instance:Instance", "isn't known"),
        ("aws:unknown/thing:Thing", "nobody has reviewed what this type holds"),
        ("kubernetes:example.com/v1:Ledger", "nobody has reviewed what this type holds"),
        ("aws:kms/key:Key", "nothing copies a key"),
        ("aws:iam/role:Role", "no durable type that this program knows"),
    ],
)
def test_what_cant_be_read_is_missing(account: Any, token: str, said: str) -> None:
    assert said in str(missing("absent", token))


@pytest.mark.parametrize("token", ["kubernetes:core/v1:Secret", "aws:s3/bucketObjectv2:BucketObjectv2"])
def test_what_the_program_gives_needs_no_recovery_point(token: str) -> None:
    assert RecoveryPoints("none", "eu-west-3").find(store("a", token)).missing is None


def test_an_account_that_doesnt_answer_is_a_refusal_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "isn't known" in str(RecoveryPoints("none", "eu-west-3").find(store("a", TABLE, "eu-west-3")).missing)
