"""The ledger: entries are added, numbered and never overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from guard.inventory import digest, durable
from guard.ledger import PREFIX, Entry, Ledger
from guard.recovery.errors import RecoveryError
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
    for number in (1, 2, 10):
        ledger.add(entry(number))
    assert ledger.last() == entry(10)
    assert Ledger(BUCKET, "us-east-1", "dev").last() is None


def test_an_entry_is_never_overwritten(ledger: Ledger) -> None:
    ledger.add(entry(1))
    with pytest.raises(RecoveryError, match="written by another command meanwhile"):
        ledger.add(entry(1, by="eve@host"))
    assert ledger.last() == entry(1)


def test_an_entry_that_cant_be_read_is_one_line(ledger: Ledger) -> None:
    ledger.add(entry(1))
    boto3.client("s3", region_name="us-east-1").put_object(
        Bucket=BUCKET, Key=f"{PREFIX}/prod/00000002.json", Body=b'{"number": 2}'
    )
    with pytest.raises(RecoveryError, match="ledger of prod") as refused:
        ledger.last()
    assert "\n" not in str(refused.value)
