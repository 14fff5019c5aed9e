"""The ledger: entries are added, numbered and never overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from core.errors import ServiceError
from guard.inventory import digest, durable
from guard.ledger import PREFIX, Chain, Entry, Ledger
from tests.guard.states import resource, state

BUCKET = "ledger-test"
STATE = state(resource("receipts"))


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    with mock_aws():
        yield Ledger(BUCKET, "us-east-1", "prod")


def entry(number: int, **changes: Any) -> Entry:
    given: dict[str, Any] = {
        "number": number,
        "at": datetime(2026, 11, 26, tzinfo=UTC),
        "by": "ada@host",
        "command": "rollback up",
        "result": "succeeded",
        "version": "v1.2.3",
        "engine_start": None,
        "digest": digest(STATE),
        "durable": durable(STATE),
    }
    return Entry(**{**given, **changes})


def test_before_the_first_entry_there_is_no_bucket_and_no_last_one(ledger: Ledger) -> None:
    assert ledger.last() is None


def test_the_newest_entry_is_the_last_one_whole(ledger: Ledger) -> None:
    for number in range(1, 11):
        ledger.add(entry(number))
    last = ledger.last()
    assert last is not None
    assert (last.number, last.durable) == (10, entry(10).durable)
    assert Ledger(BUCKET, "us-east-1", "dev").last() is None


def test_an_entry_is_never_overwritten(ledger: Ledger) -> None:
    ledger.add(entry(1))
    with pytest.raises(ServiceError, match="written by another command meanwhile"):
        ledger.add(entry(1, by="eve@host"))
    (kept,) = ledger.read().entries
    assert kept.by == "ada@host"


def test_an_entry_that_cant_be_read_is_one_line(ledger: Ledger) -> None:
    ledger.add(entry(1))
    boto3.client("s3", region_name="us-east-1").put_object(
        Bucket=BUCKET, Key=f"{PREFIX}/prod/00000002.json", Body=b'{"number": 2}'
    )
    with pytest.raises(ServiceError, match="ledger of prod") as refused:
        ledger.last()
    assert "\n" not in str(refused.value)


def key(number: int) -> str:
    return f"{PREFIX}/prod/{number:08}.json"


def s3() -> Any:
    return boto3.client("s3", region_name="us-east-1")


def faults(ledger: Ledger) -> list[str]:
    return list(ledger.read().faults.values())


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """A ledger of three entries."""
    for number in (1, 2, 3):
        ledger.add(entry(number))
    return ledger


def test_a_ledger_that_nobody_touched_is_whole(three: Ledger) -> None:
    chain = three.read()
    assert chain.faults == {}
    assert [each.number for each in chain.entries] == [1, 2, 3]
    assert [bool(each.previous) for each in chain.entries] == [False, True, True]
    assert {each.bucket for each in chain.entries} == {BUCKET}
    assert Ledger("nowhere", "us-east-1", "prod").read() == Chain()


def test_an_entry_that_was_changed_is_named(three: Ledger) -> None:
    body = s3().get_object(Bucket=BUCKET, Key=key(2))["Body"].read()
    s3().put_object(Bucket=BUCKET, Key=key(2), Body=body.replace(b"ada@host", b"eve@host"))
    written, broken = faults(three)
    assert written == "entry 2 of the ledger was written anew"
    assert broken.startswith("entry 3 of the ledger doesn't follow entry 2 as it is now")


def test_an_entry_that_was_removed_is_named_with_all_its_versions_or_without(three: Ledger) -> None:
    s3().delete_object(Bucket=BUCKET, Key=key(2))
    assert faults(three) == ["entry 2 of the ledger was deleted and is missing"]
    for version in s3().list_object_versions(Bucket=BUCKET, Prefix=key(2))["Versions"]:
        s3().delete_object(Bucket=BUCKET, Key=key(2), VersionId=version["VersionId"])
    for marker in s3().list_object_versions(Bucket=BUCKET, Prefix=key(2)).get("DeleteMarkers", ()):
        s3().delete_object(Bucket=BUCKET, Key=key(2), VersionId=marker["VersionId"])
    assert faults(three) == ["entry 2 of the ledger is missing"]


def test_the_newest_entry_cant_be_taken_away_or_changed_unseen(three: Ledger) -> None:
    s3().delete_object(Bucket=BUCKET, Key=key(3))
    assert faults(three) == ["entry 3 of the ledger was deleted and is missing"]
    three.add(entry(3, by="eve@host"))
    assert faults(three) == ["entry 3 of the ledger was deleted"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"previous": None}, "has no digest of the entry before"),
        ({"previous": "0" * 64}, "doesn't follow entry 3"),
        ({"number": 7}, "says that it is entry 7"),
    ],
)
def test_an_entry_that_was_put_there_by_hand_is_named(three: Ledger, changes: dict[str, Any], said: str) -> None:
    forged = entry(**{"number": 4, **changes}).model_dump_json(by_alias=True).encode()
    s3().put_object(Bucket=BUCKET, Key=key(4), Body=forged)
    assert said in faults(three)[0]


def test_an_entry_that_is_no_entry_is_named_and_the_next_one_can_be_added(three: Ledger) -> None:
    s3().put_object(Bucket=BUCKET, Key=key(4), Body=b"{}")
    chain = three.read()
    assert list(chain.faults.values()) == ["entry 4 of the ledger can't be read"]
    assert chain.last is not None
    assert (chain.last.number, chain.head) == (3, 4)
    three.add(entry(chain.head + 1))
    assert faults(three) == ["entry 4 of the ledger can't be read"]


def test_entries_from_before_the_chain_are_read_and_the_chain_begins_after_them(ledger: Ledger) -> None:
    ledger.add(entry(1))
    new = {"previous", "bucket", "account", "pack", "withoutPack", "sightings", "removed", "unresolved", "closed"}
    old = entry(2).model_dump(mode="json", by_alias=True)
    assert new <= old.keys()
    body = json.dumps({name: value for name, value in old.items() if name not in new}).encode()
    for number in (1, 2):
        for version in s3().list_object_versions(Bucket=BUCKET, Prefix=key(number)).get("Versions", ()):
            s3().delete_object(Bucket=BUCKET, Key=key(number), VersionId=version["VersionId"])
        s3().put_object(
            Bucket=BUCKET, Key=key(number), Body=body.replace(b'"number": 2', f'"number": {number}'.encode())
        )
    ledger.add(entry(3))
    chain = ledger.read()
    assert chain.faults == {}
    assert [each.previous is None for each in chain.entries] == [True, True, False]


def test_two_updates_at_once_cant_both_be_entry_4(three: Ledger) -> None:
    three.add(entry(4, by="first"))
    with pytest.raises(ServiceError, match="entry 4 was written by another command"):
        three.add(entry(4, by="second"))
    assert faults(three) == []
