from __future__ import annotations

import itertools
from typing import Any

import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.makers import table
from tests.guard.recovery.conftest import Place

_numbers = itertools.count()


def make_table(place: Place, name: str, key: str = "id", **more: Any) -> None:
    place.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )


def item(number: int) -> dict[str, Any]:
    inner = {"L": [{"N": str(number)}, {"NULL": True}, {"BOOL": False}, {"B": b"\x00\xff"}]}
    return {"id": {"S": str(number)}, "tags": {"SS": ["b", "a"]}, "raw": {"BS": [b"2", b"1"]}, "m": {"M": {"x": inner}}}


def all_items(place: Place, name: str) -> list[Any]:
    found = place.client("dynamodb").scan(TableName=name)["Items"]
    return sorted((each["id"]["S"], table.canonical(each)) for each in found)


@pytest.fixture
def jobs(place: Place) -> str:
    """A table of sixty items, of a name of its own."""
    name = f"jobs-{next(_numbers)}"
    make_table(place, name)
    for number in range(60):
        place.client("dynamodb").put_item(TableName=name, Item=item(number))
    return name


def test_a_table_is_copied_read_back_lost_and_restored(place: Place, jobs: str) -> None:
    dynamodb = place.client("dynamodb")
    before, tables = all_items(place, jobs), dynamodb.list_tables()["TableNames"]
    point = place.make("table", jobs)
    assert work.count(point.store) == point.items == 60
    assert work.measure(point.store) == point.content
    assert point.verified_how == "restored to a temporary table and read: 60 items"
    assert dynamodb.list_tables()["TableNames"] == tables, "the temporary table is gone"
    dynamodb.delete_table(TableName=jobs)
    with pytest.raises(ServiceError, match=rf"table {jobs}: .*ResourceNotFound"):
        work.count(point.store)
    assert work.restore(point, jobs) == 60
    assert all_items(place, jobs) == before
    assert dynamodb.describe_table(TableName=jobs)["Table"]["DeletionProtectionEnabled"]


def test_an_empty_table_that_was_made_anew_is_place_and_a_full_one_is_refused(place: Place, jobs: str) -> None:
    point = place.make("table", jobs)
    with pytest.raises(ServiceError, match=rf"table {jobs} holds 60 items: restore .* to another name"):
        work.restore(point, jobs)
    make_table(place, "other-key", "key")
    with pytest.raises(ServiceError, match=f"has another key than {jobs} had"):
        work.restore(point, "other-key")
    make_table(place, "made-anew")
    assert work.restore(point, "made-anew") == 60
    assert all_items(place, "made-anew") == all_items(place, jobs)


@pytest.mark.long
def test_a_backup_that_is_gone_or_differs_is_noted(place: Place, jobs: str) -> None:
    point = place.make("table", jobs)
    other = point.model_copy(update={"checksum": "0" * 64})
    with pytest.raises(DamagedError, match="the content of some items differs"):
        work.verify(other, place.catalogue)
    assert place.recorded(point).fault is not None
    assert work.verify(point, place.catalogue).fault is None
    place.client("dynamodb").delete_backup(BackupArn=point.where)
    with pytest.raises(DamagedError, match=rf"copy of table {jobs}: .*BackupNotFound"):
        work.verify(point, place.catalogue)
    assert [each.verified_at for each in place.catalogue.of(point.store)] == [None]


@pytest.mark.long
def test_a_table_that_is_written_to_is_refused_or_read_back_where_that_is_explained(
    place: Place, jobs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb, back_up = place.client("dynamodb"), table._back_up
    numbers = iter(range(100, 200))

    def busy(*arguments: Any) -> str:
        made = back_up(*arguments)
        dynamodb.put_item(TableName=jobs, Item=item(next(numbers)))
        return made

    monkeypatch.setattr(table, "_back_up", busy)
    with pytest.raises(ServiceError, match="is written to while it is copied"):
        place.make("table", jobs)
    assert dynamodb.list_backups(TableName=jobs)["BackupSummaries"] == [], "no copy of a moment that isn't known"
    point = place.make("table", jobs, explained="jobs come in all the time")
    assert (point.items, work.count(point.store)) == (63, 64)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": {"S": "1"}, "b": {"S": "2"}}, {"b": {"S": "2"}, "a": {"S": "1"}}, True),
        ({"a": {"NS": ["1", "2"]}}, {"a": {"NS": ["2", "1"]}}, True),
        ({"a": {"L": [{"S": "1"}, {"S": "2"}]}}, {"a": {"L": [{"S": "2"}, {"S": "1"}]}}, False),
        ({"a": {"S": "1"}}, {"a": {"N": "1"}}, False),
        ({"a": {"B": b"1"}}, {"a": {"B": b"2"}}, False),
    ],
)
def test_what_counts_as_the_same_item(one: Any, other: Any, same: bool) -> None:
    assert (table.canonical(one) == table.canonical(other)) is same


def test_items_of_nothing_are_copied_and_restored(place: Place) -> None:
    make_table(place, "hollow")
    hollow = [{"M": {}}, {"L": []}, {"NULL": True}, {"S": ""}, {"B": b""}, {"L": [{"M": {}}, {"L": [{"NULL": True}]}]}]
    for number, value in enumerate(hollow):
        place.client("dynamodb").put_item(TableName="hollow", Item={"id": {"S": str(number)}, "v": value})
    point = place.make("table", "hollow")
    assert work.restore(point, "hollow-restored") == len(hollow)
    assert all_items(place, "hollow-restored") == all_items(place, "hollow")
    assert len({canonical for _, canonical in all_items(place, "hollow")}) == len(hollow)


def test_a_value_that_cannot_be_read_is_an_error_of_one_line() -> None:
    for value in ({}, {"S": "1", "N": "1"}):
        with pytest.raises(ServiceError, match="a value that can't be read"):
            table.canonical({"id": value})


def test_the_billing_mode_comes_back_and_what_does_not_is_said(place: Place) -> None:
    dynamodb = place.client("dynamodb")
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    make_table(place, "billed", StreamSpecification=stream, Tags=[{"Key": "a", "Value": "b"}])
    dynamodb.update_time_to_live(
        TableName="billed", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    dynamodb.put_item(TableName="billed", Item={"id": {"S": "1"}})
    point = place.make("table", "billed")
    assert point.note == (
        "billing mode PAY_PER_REQUEST comes back; not restored: stream, time to live, tags, auto scaling, alarms"
    )
    work.restore(point, "billed-restored")
    found = dynamodb.describe_table(TableName="billed-restored")["Table"]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
