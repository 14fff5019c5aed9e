"""DynamoDB tables: on-demand backups (CreateBackup), read back from a temporary table (RestoreTableFromBackup).

DynamoDB API reference. A backup is taken at one moment, so that a table which reads the same before and after it is
what the backup holds.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from core.aws import client
from core.errors import DamagedError, ServiceError, absent, translate_errors
from guard.recovery.digest import Content, Digest
from guard.recovery.judgement import SKEW
from guard.recovery.maker import Copy, Order, Progress, same, temporary
from guard.recovery.points import LocatedStore, RecoveryPoint

ATTEMPTS = 3
POLL = {"Delay": 5, "MaxAttempts": 4_320}
"""Seconds between looks at a table that is being made, and looks within six hours: large tables take their time."""
BILLING, BY_REQUEST = "billing", "PAY_PER_REQUEST"
BATCH = 25
"""Items of one BatchWriteItem at most."""
RETRIES = 10


class Tables:
    """Counts, copies, reads back and restores DynamoDB tables."""

    def count(self, store: LocatedStore) -> int:
        """Items by a consistent scan: DescribeTable's ItemCount is up to six hours old."""
        with translate_errors(str(store)):
            return _count(client("dynamodb", store.region), store.name)

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """See ``Maker``."""
        with translate_errors(str(store)):
            return _read(client("dynamodb", store.region), store.name, progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. A table that is written to all the time is refused, or read back where that is explained."""
        dynamodb = client("dynamodb", order.store.region)
        with translate_errors(str(order.store)):
            before = _read(dynamodb, order.store.name, order.progress)
            for _ in range(ATTEMPTS):
                backup = _back_up(dynamodb, order, _backup_name(order.id, before.checksum))
                after = _read(dynamodb, order.store.name, order.progress)
                if after == before:
                    return _copy(dynamodb, order.store.name, backup, after)
                if order.explained:
                    held = _read_back(dynamodb, backup, temporary(order), order.progress)
                    return _copy(dynamodb, order.store.name, backup, held)
                dynamodb.delete_backup(BackupArn=backup)
                before = after
        raise ServiceError(
            f"{order.store} is written to while it is copied: stop its writers first, or say why its items may differ "
            "(--explained)"
        )

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        dynamodb = client("dynamodb", point.store.region)
        with translate_errors(f"copy of {point.store}", DamagedError):
            found = _read_back(dynamodb, point.where, temporary(point), progress)
        if differs := point.differs(found):
            raise DamagedError(f"backup {point.where} of {point.store}: {differs}")
        return f"restored to a temporary table and read: {found.items} items"

    def check(self, point: RecoveryPoint) -> None:
        """See ``Maker``. A backup is whole or isn't there; its size isn't compared: DynamoDB updates it hours later."""
        dynamodb = client("dynamodb", point.store.region)
        with translate_errors(f"copy {point.where} of {point.store}", DamagedError):
            backup = dynamodb.describe_backup(BackupArn=point.where)["BackupDescription"]
        details, source = backup["BackupDetails"], backup["SourceTableDetails"]
        if details["BackupStatus"] != "AVAILABLE":
            raise DamagedError(f"backup {point.where} of {point.store} is {details['BackupStatus']}")
        if source["TableName"] != point.store.name:
            raise DamagedError(f"backup {point.where} is of table {source['TableName']}, not of {point.store}")
        same(point, _fingerprint(backup))
        if not point.explained and details["BackupName"] != _backup_name(point.id, point.checksum):
            raise DamagedError(f"backup {point.where} of {point.store} isn't the one that its record tells of")
        if details["BackupCreationDateTime"] < point.made_at - SKEW:
            raise DamagedError(f"backup {point.where} of {point.store} is older than its record says")

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. DynamoDB restores into new tables only: into an empty one the items are copied.

        Deletion protection is put on a new table, and its billing mode is what it was; the record's note says which
        settings of the table aren't part of a backup.
        """
        dynamodb = client("dynamodb", point.store.region)
        with translate_errors(f"table {target}"):
            there = _description(dynamodb, target)
            if there is None:
                _restore(dynamodb, point.where, target)
                dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)
                _bill_by_request(dynamodb, point, target)
            else:
                _fill(dynamodb, point, target, there, progress)
            found = _read(dynamodb, target, progress)
        if differs := point.differs(found):
            raise DamagedError(f"table {target} restored from {point.id}: {differs}")
        return found.items


def _backup_name(identifier: str, checksum: str) -> str:
    """What a backup is called: it says which items were read before it was made."""
    return f"recovery-{identifier}-{checksum[:32]}"


def _copy(dynamodb: Any, name: str, backup: str, content: Content) -> Copy:
    """What is recorded of a backup; the note tells which settings of the table aren't in it (DynamoDB developer guide,
    "Restoring a DynamoDB table from a backup")."""
    table = _description(dynamodb, name) or {}
    pitr = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    lives = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(ResourceArn=table["TableArn"])
    settings = {
        "stream": (table.get("StreamSpecification") or {}).get("StreamEnabled"),
        "time to live": lives.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
        "point-in-time recovery": (pitr.get("PointInTimeRecoveryDescription") or {}).get("PointInTimeRecoveryStatus")
        == "ENABLED",
        "tags": any(page["Tags"] for page in pages),
        "replicas": table.get("Replicas"),
    }
    billing = (table.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    absent_later = ", ".join([name for name, there in settings.items() if there] + ["auto scaling", "alarms"])
    note = f"billing mode {billing} comes back; not restored: {absent_later}"
    found = dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]
    return Copy(backup, content, note, {**_fingerprint(found), BILLING: billing})


def _fingerprint(backup: dict[str, Any]) -> dict[str, str]:
    details, source = backup["BackupDetails"], backup["SourceTableDetails"]
    keys = " ".join(f"{each['AttributeName']}:{each['KeyType']}" for each in source["KeySchema"])
    created = details["BackupCreationDateTime"].astimezone(UTC).isoformat(timespec="seconds")
    return {"name": details["BackupName"], "created": created, "table": source["TableArn"], "key": keys}


def _bill_by_request(dynamodb: Any, point: RecoveryPoint, target: str) -> None:
    there = (_description(dynamodb, target) or {}).get("BillingModeSummary") or {}
    if point.fingerprint.get(BILLING) == BY_REQUEST != there.get("BillingMode"):
        dynamodb.update_table(TableName=target, BillingMode=BY_REQUEST)
        dynamodb.get_waiter("table_exists").wait(TableName=target, WaiterConfig=POLL)


def _back_up(dynamodb: Any, order: Order, name: str) -> str:
    made = dynamodb.create_backup(TableName=order.store.name, BackupName=name)["BackupDetails"]
    arn = str(made["BackupArn"])
    while made["BackupStatus"] == "CREATING":
        order.progress("backing up", 0, None)
        time.sleep(1)
        made = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    if made["BackupStatus"] != "AVAILABLE":
        raise ServiceError(f"backup {arn} of {order.store} is {made['BackupStatus']}")
    return arn


def _read_back(dynamodb: Any, backup: str, name: str, progress: Progress) -> Content:
    with _temporary_table(dynamodb, backup, name):
        return _read(dynamodb, name, progress)


@contextlib.contextmanager
def _temporary_table(dynamodb: Any, backup: str, name: str) -> Iterator[None]:
    """A table restored from a backup, gone afterwards; what a killed verification left is deleted first."""
    _drop(dynamodb, name)
    try:
        # Without its indexes and without provisioned capacity: it is read once.
        _restore(dynamodb, backup, name, BillingModeOverride=BY_REQUEST, GlobalSecondaryIndexOverride=[])
        yield
    finally:
        _drop(dynamodb, name)


def _restore(dynamodb: Any, backup: str, name: str, **more: Any) -> None:
    dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=backup, **more)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=POLL)


def _drop(dynamodb: Any, name: str) -> None:
    there = _description(dynamodb, name)
    if there is None:
        return
    if there.get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=POLL)


def _description(dynamodb: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
    except Exception as error:
        if absent(error):
            return None
        raise
    return found


def _count(dynamodb: Any, name: str) -> int:
    pages = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True, Select="COUNT")
    return sum(page["Count"] for page in pages)


def _items(dynamodb: Any, name: str) -> Iterator[dict[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True):
        yield from page["Items"]


def _read(dynamodb: Any, name: str, progress: Progress) -> Content:
    digest = Digest()
    for item in _items(dynamodb, name):
        digest.add(canonical(item))
        if digest.items % 1000 == 0:
            progress("reading items", digest.items, None)
    progress("reading items", digest.items, digest.items)
    return digest.content()


def canonical(item: dict[str, Any]) -> bytes:
    """An item (attribute values as the API gives them) as the same bytes whatever the order of its keys and sets."""
    return json.dumps(_plain({"M": item}), sort_keys=True, separators=(",", ":")).encode()


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    if len(value) != 1:
        raise ServiceError(f"an item has a value that can't be read: {value!r}")
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return {kind: {name: _plain(inner) for name, inner in content.items()}}
        case "L":
            return {kind: [_plain(inner) for inner in content]}
        case "B":
            return {kind: base64.b64encode(content).decode()}
        case "BS":
            return {kind: sorted(base64.b64encode(each).decode() for each in content)}
        case "SS" | "NS":
            return {kind: sorted(content)}
    return value


@dataclass
class _Writer:
    """Puts items into a table in batches."""

    dynamodb: Any
    table: str

    def put(self, items: list[dict[str, Any]]) -> None:
        """Put up to 25 items; what DynamoDB leaves undone is tried again, ever more slowly."""
        left = {self.table: [{"PutRequest": {"Item": item}} for item in items]}
        for attempt in range(RETRIES):
            left = self.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems") or {}
            if not left:
                return
            time.sleep(min(0.05 * 2**attempt, 10))
        raise ServiceError(f"table {self.table} takes no more items: it is throttled")


def _fill(dynamodb: Any, point: RecoveryPoint, target: str, there: dict[str, Any], progress: Progress) -> None:
    """Copy a backup's items into an empty table with the same key."""
    if items := _count(dynamodb, target):
        raise ServiceError(f"table {target} holds {items} items: restore {point.id} to another name")
    writer, name = _Writer(dynamodb, target), temporary(point)
    with _temporary_table(dynamodb, point.where, name):
        made = _description(dynamodb, name) or {}
        if made.get("KeySchema") != there["KeySchema"]:
            raise ServiceError(f"table {target} has another key than {point.store.name} had")
        batch: list[dict[str, Any]] = []
        done = 0
        for item in _items(dynamodb, name):
            batch.append(item)
            if len(batch) == BATCH:
                writer.put(batch)
                done, batch = done + BATCH, []
                progress("writing items", done, point.items)
        if batch:
            writer.put(batch)
