"""What the account says of stores: there or not, since when, made anew, emptied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from guard.durable import durable as durable_type
from guard.inventory import Guarded, durable
from guard.sightings import LOOKS, Sighting, look
from tests.guard.states import resource, state

ACCOUNT = "123456789012"
REGION = "us-east-1"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    with mock_aws():
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def make(token: str) -> None:
    """Make the store ``one`` of a type."""
    key = {"AttributeName": "id"}
    match token.split(":")[1].split("/")[1]:
        case "table":
            client("dynamodb").create_table(
                TableName="one",
                KeySchema=[{**key, "KeyType": "HASH"}],
                AttributeDefinitions=[{**key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        case "bucket" | "bucketV2":
            client("s3").create_bucket(Bucket="one")
        case "queue":
            client("sqs").create_queue(QueueName="one")
        case "logGroup":
            client("logs").create_log_group(logGroupName="one")
        case "secret":
            client("secretsmanager").create_secret(Name="one", SecretString="x")
        case "instance":
            client("rds").create_db_instance(
                DBInstanceIdentifier="one", Engine="postgres", DBInstanceClass="db.t4g.micro"
            )
        case "cluster":
            client("rds").create_db_cluster(
                DBClusterIdentifier="one",
                Engine="aurora-postgresql",
                MasterUsername="app",
                MasterUserPassword="longer-1",
            )


def guarded(token: str, region: str = REGION, account_id: str = ACCOUNT) -> Guarded:
    path = durable_type(token).name  # type: ignore[union-attr]
    arn = f"arn:aws:x:{region}:{account_id}:one"
    (store,) = durable(state(resource("one", token, inputs={path: "one"}, outputs={"arn": arn}))).values()
    return store


def ask(store: Guarded) -> tuple[Sighting | None, str | None]:
    seen, unasked = look([store], ACCOUNT, REGION)
    return seen.get(store.urn), unasked.get(store.urn)


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("token", LOOKS)
def test_each_type_is_seen_where_it_is_and_missed_where_it_isnt(token: str) -> None:
    store = guarded(token)
    assert ask(store) == (Sighting(there=False), None)
    make(token)
    first, _ = ask(store)
    assert first is not None
    assert first.there
    assert first.created is not None
    again, _ = ask(store)
    assert again is not None
    assert again.is_proved_same(first)
    assert not again.is_later(first)


@pytest.mark.usefixtures("account")
def test_a_table_that_was_made_anew_is_another_one_at_once() -> None:
    token = "aws:dynamodb/table:Table"
    make(token)
    client("dynamodb").put_item(TableName="one", Item={"id": {"S": "1"}})
    first, _ = ask(guarded(token))
    client("dynamodb").delete_table(TableName="one")
    make(token)
    now, _ = ask(guarded(token))
    assert first is not None
    assert now is not None
    assert (first.holds, now.holds) == (1, 0)
    assert now.is_later(first)


@pytest.mark.usefixtures("account")
def test_a_queue_that_was_made_anew_is_later() -> None:
    token = "aws:sqs/queue:Queue"
    make(token)
    first, _ = ask(guarded(token))
    assert first is not None
    assert first.created is not None
    old = Sighting(there=True, created=first.created.replace(year=first.created.year - 1))
    assert first.is_later(old)
    assert not first.is_proved_same(old)
    assert time.time() - first.created.timestamp() < 60


@pytest.mark.usefixtures("account")
def test_a_bucket_says_whether_it_holds_anything() -> None:
    token = "aws:s3/bucket:Bucket"
    make(token)
    empty, _ = ask(guarded(token))
    client("s3").put_object(Bucket="one", Key="a", Body=b"1")
    full, _ = ask(guarded(token))
    assert empty is not None
    assert full is not None
    assert (empty.holds, full.holds) == (0, 1)


@pytest.mark.usefixtures("account")
def test_a_store_is_asked_for_in_its_own_region_and_account() -> None:
    token = "aws:dynamodb/table:Table"
    make(token)
    assert ask(guarded(token, region="us-west-2")) == (Sighting(there=False), None)
    seen, reason = ask(guarded(token, account_id="999999999999"))
    assert seen is None
    assert reason == f"one lies in account 999999999999, and the credentials in use lead to {ACCOUNT}"


def test_what_cant_be_asked_is_one_line(account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("guard.recovery.clients.ATTEMPTS", 1)
    seen, reason = ask(guarded("aws:dynamodb/table:Table"))
    assert seen is None
    assert reason is not None
    assert reason.startswith("one: ")
    assert "\n" not in reason


def test_types_that_no_service_tells_of_are_left_out() -> None:
    belt = resource("one", "aws:s3/bucketVersioning:BucketVersioning", inputs={"bucket": "one"})
    assert look(durable(state(belt)).values(), ACCOUNT, REGION) == ({}, {})
