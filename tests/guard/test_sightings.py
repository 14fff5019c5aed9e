"""What the account says of stores: there or not, since when, made anew, emptied."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from guard.durable import durable as durable_type
from guard.inventory import Guarded, durable
from guard.sightings import BY_ID, LOOKS, Sighting, look
from tests.guard.states import resource, state

ACCOUNT = "123456789012"
REGION = "us-east-1"


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
        case "parameter":
            client("ssm").put_parameter(Name="one", Value="x", Type="String")
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


@pytest.mark.usefixtures("mocked_account")
@pytest.mark.parametrize("token", [token for token in LOOKS if token not in BY_ID])
def test_each_type_is_seen_where_it_is_and_missed_where_it_isnt(token: str) -> None:
    store = guarded(token)
    assert ask(store) == (Sighting(there=False), None)
    make(token)
    first, _ = ask(store)
    assert first is not None
    assert first.there
    if token == "aws:ssm/parameter:Parameter":
        return  # SSM tells no date but that of its last change
    assert first.created is not None
    again, _ = ask(store)
    assert again is not None
    assert again.is_proved_same(first)
    assert not again.is_later(first)


def volume() -> tuple[str, str]:
    """The id of a new one, and of one that is gone."""
    made = [client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"] for _ in range(2)]
    client("ec2").delete_volume(VolumeId=made[1])
    return made[0], made[1]


def machine() -> tuple[str, str]:
    image = client("ec2").describe_images()["Images"][0]["ImageId"]
    found = client("ec2").run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
    client("ec2").terminate_instances(InstanceIds=[found[1]["InstanceId"]])
    return found[0]["InstanceId"], found[1]["InstanceId"]


def key() -> tuple[str, str]:
    made = [client("kms").create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    client("kms").schedule_key_deletion(KeyId=made[1], PendingWindowInDays=7)
    return made[0], made[1]


def files() -> tuple[str, str]:
    made = [client("efs").create_file_system(CreationToken=token)["FileSystemId"] for token in "ab"]
    client("efs").delete_file_system(FileSystemId=made[1])
    return made[0], made[1]


@pytest.mark.usefixtures("mocked_account")
@pytest.mark.parametrize(("token", "make_two"), list(zip(BY_ID, (key, volume, files, machine), strict=True)))
def test_volumes_and_machines_are_asked_for_by_their_ids(token: str, make_two: Callable[[], tuple[str, str]]) -> None:
    for there, identifier in zip((True, False), make_two(), strict=True):
        seen, why = ask(guarded(token).model_copy(update={"id": identifier}))
        assert (why, seen is not None and seen.there) == (None, there)
    assert ask(guarded(token).model_copy(update={"id": identifier[:-4] + "0000"}))[0] == Sighting(there=False)


@pytest.mark.usefixtures("mocked_account")
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


@pytest.mark.usefixtures("mocked_account")
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


@pytest.mark.usefixtures("mocked_account")
def test_a_bucket_says_whether_it_holds_anything() -> None:
    token = "aws:s3/bucket:Bucket"
    make(token)
    empty, _ = ask(guarded(token))
    client("s3").put_object(Bucket="one", Key="a", Body=b"1")
    full, _ = ask(guarded(token))
    assert empty is not None
    assert full is not None
    assert (empty.holds, full.holds) == (0, 1)


@pytest.mark.usefixtures("mocked_account")
def test_a_store_is_asked_for_in_its_own_region_and_account() -> None:
    token = "aws:dynamodb/table:Table"
    make(token)
    assert ask(guarded(token, region="us-west-2")) == (Sighting(there=False), None)
    seen, reason = ask(guarded(token, account_id="999999999999"))
    assert seen is None
    assert reason == f"one lies in account 999999999999, and the credentials in use lead to {ACCOUNT}"


def test_what_cant_be_asked_is_one_line(mocked_account: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("core.aws.ATTEMPTS", 1)
    seen, reason = ask(guarded("aws:dynamodb/table:Table"))
    assert seen is None
    assert reason is not None
    assert reason.startswith("one: ")
    assert "\n" not in reason


def test_types_that_no_service_tells_of_are_left_out() -> None:
    belt = resource("one", "aws:s3/bucketVersioning:BucketVersioning", inputs={"bucket": "one"})
    assert look(durable(state(belt)).values(), ACCOUNT, REGION) == ({}, {})
