"""The copy is looked at when it is used: gone, overwritten, another one's, expiring, or with an edited record."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.makers import json_lines
from guard.recovery.points import LocatedStore, RecoveryPoint
from tests.guard.recovery.conftest import Place, store
from tests.guard.recovery.makers.test_queue import make_queue
from tests.guard.recovery.makers.test_table import make_table
from tests.sandbox.account.test_databases import instances, login

BOUND = timedelta(hours=1)


def fill_table(place: Place, name: str) -> None:
    make_table(place, name)
    place.client("dynamodb").put_item(TableName=name, Item={"id": {"S": "1"}})


def fill_bucket(place: Place, name: str) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket=name)
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"{number}", Body=b"x", Tagging="owner=ada", Metadata={"from": "test"})


def fill_queue(place: Place, name: str) -> None:
    make_queue(place, name, 3)


def fill_logs(place: Place, name: str) -> None:
    logs = place.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    event = {"timestamp": int(time.time() * 1000) - 5000, "message": "x"}
    logs.put_log_events(logGroupName=name, logStreamName="one", logEvents=[event])


FILL: dict[str, Callable[[Place, str], None]] = {
    "table": fill_table,
    "bucket": fill_bucket,
    "queue": fill_queue,
    "logs": fill_logs,
}
ONE = ["table", *(pytest.param(kind, marks=pytest.mark.long) for kind in FILL if kind != "table")]


def made(place: Place, kind: str, name: str) -> RecoveryPoint:
    FILL[kind](place, name)
    return place.make(kind, name)


def refusal(place: Place, of: LocatedStore) -> str | None:
    """What a delete of the store would hear."""
    return work.evaluate(of, place.catalogue, datetime.now(UTC), BOUND, seconds=30).refusal


def remove(place: Place, point: RecoveryPoint) -> None:
    """Delete the copy, by the means of its kind; of a bucket's, one object."""
    if point.where.startswith("arn:"):
        place.client("dynamodb").delete_backup(BackupArn=point.where)
        return
    bucket, key = json_lines.place(point.where)
    place.client("s3").delete_object(Bucket=bucket, Key=key if not key.endswith("/") else f"{key}0000000002")


def overwrite(place: Place, point: RecoveryPoint) -> None:
    """Write something of the same size in the copy's place."""
    s3, (bucket, key) = place.client("s3"), json_lines.place(point.where)
    key = key if not key.endswith("/") else f"{key}0000000002"
    size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    s3.put_object(Bucket=bucket, Key=key, Body=b"y" * size)


@pytest.mark.parametrize("kind", ONE)
def test_a_copy_that_is_gone_lets_nothing_go(place: Place, kind: str) -> None:
    point = made(place, kind, f"check-gone-{kind}")
    assert refusal(place, point.store) is None
    remove(place, point)
    with pytest.raises(DamagedError) as error:
        work.check(point, place.catalogue)
    assert len(str(error.value).splitlines()) == 1
    told = str(refusal(place, point.store)).splitlines()
    assert told[0].startswith(f"{point.store}: ")
    assert told[1] == f"rollback recovery make {point.store.name} -s prod"


@pytest.mark.parametrize(
    "kind", ["bucket", *(pytest.param(each, marks=pytest.mark.long) for each in ("queue", "logs"))]
)
def test_a_copy_that_was_overwritten_lets_nothing_go(place: Place, kind: str) -> None:
    point = made(place, kind, f"check-overwritten-{kind}")
    overwrite(place, point)
    with pytest.raises(DamagedError, match=r"was overwritten|isn't the recorded one"):
        work.check(point, place.catalogue)


@pytest.mark.parametrize("kind", ONE)
def test_a_record_that_was_edited_lets_nothing_go(place: Place, kind: str) -> None:
    point = made(place, kind, f"check-edited-{kind}")
    bucket, key = place.catalogue.bucket, f"recovery-points/prod/{kind}/{point.store.name}/{point.id}.json"
    more = point.model_copy(update={"items": 9})
    place.client("s3").put_object(Bucket=bucket, Key=key, Body=more.model_dump_json(by_alias=True).encode())
    with pytest.raises(DamagedError, match="was written by hand"):
        work.check(more, place.catalogue)


@pytest.mark.parametrize("kind", ONE)
def test_a_record_of_another_copy_lets_nothing_go(place: Place, kind: str) -> None:
    """As a record would be that this program wrote, about the copy of another moment or another store."""
    name = f"check-other-{kind}"
    other = made(place, kind, name)
    mine = place.make(kind, name)
    work.check(mine, place.catalogue)
    from guard.recovery.makers import maker

    forged = [mine.model_copy(update={"where": other.where})]
    forged += [mine.model_copy(update={"items": 7, "checksum": "1" * 64})]
    for point in forged:
        with pytest.raises(DamagedError):
            maker(point.store.kind).check(point)


@pytest.mark.long
def test_tags_and_a_manifest_that_were_changed_are_found(place: Place) -> None:
    s3 = place.client("s3")
    point = made(place, "bucket", "check-tags")
    bucket, folder = json_lines.place(point.where)
    tags = {"TagSet": [{"Key": "owner", "Value": "eve"}]}
    s3.put_object_tagging(Bucket=bucket, Key=f"{folder}0000000001", Tagging=tags)
    with pytest.raises(DamagedError, match=r"copy 0000000001 of 0 .* has other tags"):
        work.check(point, place.catalogue)
    with pytest.raises(DamagedError, match=r"copy 0000000001 of 0 .* has other tags"):
        work.verify(point, place.catalogue)
    again = place.make("bucket", "check-tags")
    _, folder = json_lines.place(again.where)
    text = s3.get_object(Bucket=bucket, Key=f"{folder}manifest.ndjson")["Body"].read()
    s3.put_object(Bucket=bucket, Key=f"{folder}manifest.ndjson", Body=text.replace(b"ada", b"eve"))
    with pytest.raises(DamagedError, match="isn't the recorded one"):
        work.check(again, place.catalogue)


def test_headers_that_were_changed_in_the_copy_are_found(place: Place) -> None:
    s3 = place.client("s3")
    point = made(place, "bucket", "check-headers")
    bucket, folder = json_lines.place(point.where)
    key = f"{folder}0000000003"
    source = {"Bucket": bucket, "Key": key}
    s3.copy_object(Bucket=bucket, Key=key, CopySource=source, MetadataDirective="REPLACE", Metadata={"from": "eve"})
    with pytest.raises(DamagedError, match=r"copy 0000000003 of 2 .* was overwritten"):
        work.check(point, place.catalogue)
    with pytest.raises(DamagedError, match=r"copy 0000000003 of 2 .* isn't what was copied"):
        work.verify(point, place.catalogue)


def test_a_copy_that_expires_soon_lets_nothing_go(place: Place) -> None:
    s3, bucket = place.client("s3"), place.catalogue.bucket
    points = [made(place, kind, f"check-expiring-{kind}") for kind in ("bucket", "logs")]
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 2}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    try:
        for point in points:
            with pytest.raises(ServiceError, match=r"expires on .* by lifecycle rule 'tidy'"):
                work.check(point, place.catalogue)
    finally:
        s3.delete_bucket_lifecycle(Bucket=bucket)
    for point in points:
        work.check(point, place.catalogue)


def test_a_point_of_before_copies_were_looked_at_is_made_anew_not_damaged(place: Place) -> None:
    old = made(place, "queue", "check-old").model_copy(update={"digest": 1, "fingerprint": {}})
    for look in (work.check, work.verify):
        with pytest.raises(ServiceError, match="was made by an earlier version") as error:
            look(old, place.catalogue)
        assert not isinstance(error.value, DamagedError)


@pytest.mark.parametrize("kind", [pytest.param("queue", marks=pytest.mark.long), "logs"])
def test_others_in_the_place_of_as_many_items_are_told(place: Place, kind: str) -> None:
    name = f"check-replaced-{kind}"
    point = made(place, kind, name)
    if kind == "queue":
        url = place.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        place.client("sqs").purge_queue(QueueUrl=url)
        for number in range(3):
            place.client("sqs").send_message(QueueUrl=url, MessageBody=f"other {number}")
    else:
        place.client("logs").delete_log_group(logGroupName=name)
        fill_logs(place, name)
    assert work.count(point.store) == point.items
    assert "items have changed since recovery point" in str(refusal(place, point.store))


def test_a_queue_whose_messages_would_go_to_the_dead_letters_is_not_read(place: Place) -> None:
    dead = make_queue(place, "check-tried-dlq")
    arn = place.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 1}}'
    make_queue(place, "check-tried", 2, RedrivePolicy=policy)
    point = place.make("queue", "check-tried")
    with pytest.raises(ServiceError, match="to compare them would send them to the dead letters"):
        refusal(place, point.store)
    assert work.count(store("queue", "check-tried")) == 2
    assert work.count(store("queue", "check-tried-dlq")) == 0


def test_a_queue_without_a_point_is_counted_and_not_received(place: Place) -> None:
    url = make_queue(place, "check-unread", 2)
    assert "no recovery point; 2 items would be lost" in str(refusal(place, store("queue", "check-unread")))
    (message,) = place.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


@pytest.mark.long
def test_a_snapshot_that_is_gone_or_another_one_lets_nothing_go(place: Place) -> None:
    from guard.recovery.makers import maker

    with instances(place.account) as create:
        create("check-database")
        with login(place.account, "check-database") as link:
            link.execute("CREATE TABLE documents AS SELECT n FROM generate_series(1, 3) n")
        point = place.make("database", "check-database")
        assert refusal(place, point.store) is None
        for change in ({"items": 7, "checksum": "1" * 64}, {"store": store("database", "other")}):
            with pytest.raises(DamagedError):
                maker(point.store.kind).check(point.model_copy(update=change))
        place.client("rds").delete_db_snapshot(DBSnapshotIdentifier=point.where.rpartition(":")[2])
        with pytest.raises(DamagedError, match="NotFound"):
            work.check(point, place.catalogue)
        assert str(refusal(place, point.store)).endswith("\nrollback recovery make check-database -s prod")


def test_the_recovery_bucket_is_not_copied_into_itself(place: Place) -> None:
    itself: Any = store("bucket", place.catalogue.bucket)
    with pytest.raises(ServiceError, match="isn't copied into itself") as error:
        work.make(itself, place.catalogue, "a tester")
    assert len(str(error.value).splitlines()) == 1
    point = made(place, "bucket", "check-itself")
    with pytest.raises(ServiceError, match="holds the recovery points"):
        work.restore(point, place.catalogue.bucket)
