"""A process that is killed between copy and record leaves a copy that nothing counts, and nothing in the way."""

from __future__ import annotations

import signal

import pytest

from guard.recovery import work
from guard.recovery.place import in_reach
from tests.guard.recovery.conftest import Place, store

PROGRAM = """
import os, signal
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.points import LocatedStore

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

Catalogue.{method} = killed
catalogue = Catalogue("recovery-of-tests", "us-east-1")
store = LocatedStore.model_validate_json({store!r})
work.verify(work.make(store, catalogue, "a tester"), catalogue)
"""


@pytest.mark.parametrize(("method", "records"), [("add", 0), pytest.param("verified", 1, marks=pytest.mark.long)])
def test_what_a_killed_process_leaves(place: Place, method: str, records: int) -> None:
    dynamodb, of = place.client("dynamodb"), in_reach(store("table", f"killed-{method}"))
    dynamodb.create_table(
        TableName=of.name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=of.name, Item={"id": {"S": "1"}})
    assert place.run(PROGRAM.format(method=method, store=of.model_dump_json())) == -signal.SIGKILL
    assert len(dynamodb.list_backups(TableName=of.name)["BackupSummaries"]) == 1, "the copy is there"
    assert [point.verified_at for point in place.catalogue.of(of)] == [None] * records, "and no evidence"
    point = place.make("table", of.name)
    assert place.catalogue.evidence(of) == point
    assert work.count(of) == point.items == 1


def test_a_killed_verification_leaves_no_table_in_the_way(place: Place) -> None:
    dynamodb = place.client("dynamodb")
    dynamodb.create_table(
        TableName="checked",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    point = place.make("table", "checked")
    left = f"recovery-check-{point.id}"
    dynamodb.restore_table_from_backup(TargetTableName=left, BackupArn=point.where)
    dynamodb.update_table(TableName=left, DeletionProtectionEnabled=True)
    dynamodb.put_item(TableName=left, Item={"id": {"S": "from before"}})
    assert work.verify(point, place.catalogue).verified_at is not None
    assert left not in dynamodb.list_tables()["TableNames"]
