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
from typing import Any

from guard.recovery.clients import client
from guard.recovery.digest import Content, Digest
from guard.recovery.errors import DamagedError, RecoveryError, absent, told
from guard.recovery.maker import Copy, Order, Progress, temporary
from guard.recovery.points import RecoveryPoint, Store

ATTEMPTS = 3
POLL = {"Delay": 5, "MaxAttempts": 4_320}
"""Seconds between looks at a table that is being made, and looks within six hours: large tables take their time."""
BATCH = 25
"""Items of one BatchWriteItem at most."""
RETRIES = 10


class Tables:
    """See the module."""

    def count(self, store: Store) -> int:
        """Items by a consistent scan: DescribeTable's ItemCount is up to six hours old."""
        with told(str(store)):
            return _count(client("dynamodb", store.region), store.name)

    def measure(self, store: Store, progress: Progress) -> Content:
        """See ``Maker``."""
        with told(str(store)):
            return _read(client("dynamodb", store.region), store.name, progress)

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. A table that is written to all the time is refused, or read back where that is explained."""
        dynamodb = client("dynamodb", order.store.region)
        with told(str(order.store)):
            before = _read(dynamodb, order.store.name, order.progress)
            for _ in range(ATTEMPTS):
                backup = _back_up(dynamodb, order)
                after = _read(dynamodb, order.store.name, order.progress)
                if after == before:
                    return Copy(backup, after)
                if order.explained:
                    return Copy(backup, _read_back(dynamodb, backup, temporary(order), order.progress))
                dynamodb.delete_backup(BackupArn=backup)
                before = after
        raise RecoveryError(
            f"{order.store} is written to while it is copied: stop its writers first, or say why its items may differ "
            "(--explained)"
        )

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``."""
        dynamodb = client("dynamodb", point.store.region)
        with told(f"copy of {point.store}", DamagedError):
            found = _read_back(dynamodb, point.where, temporary(point), progress)
        if differs := point.content.difference(found):
            raise DamagedError(f"backup {point.where} of {point.store}: {differs}")
        return f"restored to a temporary table and read: {found.items} items"

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. DynamoDB restores into new tables only: into an empty one the items are copied.

        Deletion protection is put on a new table; streams, TTL, tags and alarms aren't part of a backup.
        """
        dynamodb = client("dynamodb", point.store.region)
        with told(f"table {target}"):
            there = _description(dynamodb, target)
            if there is None:
                _restore(dynamodb, point.where, target)
                dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)
            else:
                _fill(dynamodb, point, target, there, progress)
            found = _read(dynamodb, target, progress)
        if differs := point.content.difference(found):
            raise DamagedError(f"table {target} restored from {point.id}: {differs}")
        return found.items


def _back_up(dynamodb: Any, order: Order) -> str:
    made = dynamodb.create_backup(TableName=order.store.name, BackupName=f"recovery-{order.id}")["BackupDetails"]
    arn = str(made["BackupArn"])
    while made["BackupStatus"] == "CREATING":
        order.progress("backing up", 0, None)
        time.sleep(1)
        made = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
    if made["BackupStatus"] != "AVAILABLE":
        raise RecoveryError(f"backup {arn} of {order.store} is {made['BackupStatus']}")
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
        _restore(dynamodb, backup, name, BillingModeOverride="PAY_PER_REQUEST", GlobalSecondaryIndexOverride=[])
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
        raise RecoveryError(f"table {self.table} takes no more items: it is throttled")


def _fill(dynamodb: Any, point: RecoveryPoint, target: str, there: dict[str, Any], progress: Progress) -> None:
    """Copy a backup's items into an empty table with the same key."""
    if items := _count(dynamodb, target):
        raise RecoveryError(f"table {target} holds {items} items: restore {point.id} to another name")
    writer, name = _Writer(dynamodb, target), temporary(point)
    with _temporary_table(dynamodb, point.where, name):
        made = _description(dynamodb, name) or {}
        if made.get("KeySchema") != there["KeySchema"]:
            raise RecoveryError(f"table {target} has another key than {point.store.name} had")
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
