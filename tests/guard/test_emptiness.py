"""Whether the account proves that a store was just made and holds nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from guard import emptiness
from guard.emptiness import LOOKS, NEW, is_new_and_empty
from guard.location import Location
from guard.store import Store
from tests.guard.test_sightings import client, make

REGION, ELSEWHERE = "us-east-1", "eu-west-1"
TABLE, BUCKET, LOGS = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket", "aws:cloudwatch/logGroup:LogGroup"


pytestmark = pytest.mark.usefixtures("mocked_account")


def is_empty(one: Store, later: timedelta = timedelta()) -> bool:
    return is_new_and_empty(one, datetime.now(UTC) + later)


def store(token: str, where: Location | None = None) -> Store:
    location = where or Location(region=REGION)
    return Store(f"urn:pulumi:prod::trial::{token}::one", token, "one", "shared", {}, location)


def an_item() -> None:
    client("dynamodb").put_item(TableName="one", Item={"id": {"S": "1"}})


def an_object() -> None:
    client("s3").put_object(Bucket="one", Key="a", Body=b"a")


def a_deleted_object() -> None:
    client("s3").put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
    an_object()
    client("s3").delete_object(Bucket="one", Key="a")


def an_upload() -> None:
    client("s3").create_multipart_upload(Bucket="one", Key="a")


def a_stream() -> None:
    client("logs").create_log_stream(logGroupName="one", logStreamName="a")


@pytest.mark.parametrize("token", LOOKS)
def test_a_store_that_was_just_made_is_empty(token: str) -> None:
    make(token)
    assert is_empty(store(token))


@pytest.mark.parametrize(
    ("token", "fill"),
    [(TABLE, an_item), (BUCKET, an_object), (BUCKET, a_deleted_object), (BUCKET, an_upload), (LOGS, a_stream)],
)
def test_a_store_that_holds_anything_is_not(token: str, fill: Callable[[], None]) -> None:
    make(token)
    fill()
    assert not is_empty(store(token))


@pytest.mark.parametrize("token", LOOKS)
@pytest.mark.parametrize(
    "where",
    [
        Location(),
        Location(region=REGION, account="999999999999"),
        Location(region=REGION, unknown="its provider was declared before the guard"),
    ],
    ids=["no region", "another account", "unknown"],
)
def test_a_store_that_isnt_known_to_lie_here_is_not_proved_to_be_empty(token: str, where: Location) -> None:
    make(token)
    assert not is_empty(store(token, where))


@pytest.mark.parametrize("token", [TABLE, LOGS])
def test_an_empty_namesake_in_another_region_proves_nothing(token: str) -> None:
    make(token)
    an_item() if token == TABLE else a_stream()
    if token == TABLE:
        boto3.client("dynamodb", region_name=ELSEWHERE).create_table(
            TableName="one",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    else:
        boto3.client("logs", region_name=ELSEWHERE).create_log_group(logGroupName="one")
    assert not is_empty(store(token))
    assert is_empty(replace(store(token), location=Location(region=ELSEWHERE)))


@pytest.mark.parametrize("token", [*LOOKS, "aws:sqs/queue:Queue", "aws:rds/instance:Instance", "other:index:Thing"])
def test_what_isnt_there_or_isnt_asked_for_is_not_proved_to_be_empty(token: str) -> None:
    assert not is_empty(store(token))


@pytest.mark.parametrize("token", LOOKS)
def test_an_account_that_doesnt_answer_proves_nothing(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make(token)

    def broken(*_: object) -> bool:
        from botocore.exceptions import EndpointConnectionError

        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    monkeypatch.setattr("core.aws.client", broken)
    assert not is_empty(store(token))


@pytest.mark.parametrize("token", LOOKS)
def test_a_store_that_is_older_than_a_day_may_be_empty_between_two_items(token: str) -> None:
    make(token)
    assert is_empty(store(token), NEW - timedelta(minutes=5))
    assert not is_empty(store(token), NEW + timedelta(minutes=5))


class Pages:
    """A service whose first page is empty and isn't the last one."""

    def __init__(self, **answers: dict[str, Any]) -> None:
        self.answers = answers

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        return lambda **_: self.answers[method]


@pytest.mark.parametrize(
    ("token", "answers"),
    [
        (TABLE, {"scan": {"Count": 0, "LastEvaluatedKey": {"id": {"S": "1"}}}}),
        (BUCKET, {"list_object_versions": {"IsTruncated": True}, "list_multipart_uploads": {}}),
        (BUCKET, {"list_object_versions": {}, "list_multipart_uploads": {"IsTruncated": True}}),
        (LOGS, {"describe_log_streams": {"logStreams": [], "nextToken": "more"}}),
    ],
)
def test_an_empty_page_isnt_the_last_one(token: str, answers: dict[str, dict[str, Any]]) -> None:
    assert not emptiness.LOOKS[token](Pages(**answers), "one")
