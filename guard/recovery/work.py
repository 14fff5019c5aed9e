"""Counting, copying, verifying and restoring a store of any kind, and keeping the record of it."""

from __future__ import annotations

from datetime import UTC, datetime

from guard.recovery.catalogue import Catalogue
from guard.recovery.digest import Content
from guard.recovery.errors import DamagedError
from guard.recovery.maker import Order, Progress, silent
from guard.recovery.makers import maker
from guard.recovery.place import in_reach
from guard.recovery.points import RecoveryPoint, Store, new_id, restore_command


def count(store: Store) -> int:
    """How many items a store holds now. Raises ``RecoveryError`` where that can't be told."""
    return maker(store.kind).count(store)


def measure(store: Store, progress: Progress = silent) -> Content:
    """What a store holds now, with its checksum: every item is read. Raises ``RecoveryError``."""
    return maker(store.kind).measure(store, progress)


def make(
    store: Store, catalogue: Catalogue, by: str, *, explained: str | None = None, progress: Progress = silent
) -> RecoveryPoint:
    """Copy a store and record the copy, which counts as not verified yet. Raises ``RecoveryError`` and records nothing.

    Args:
        by: who makes it.
        explained: why the store may come to hold other items than the copy; it is believed for as long as the point is.
    """
    store = in_reach(store)
    catalogue.ensure()
    at = datetime.now(UTC)
    order = Order(new_id(at), store, at, catalogue.bucket, catalogue.region, explained, progress)
    copy = maker(store.kind).copy(order)
    point = RecoveryPoint(
        id=order.id,
        store=store,
        made_at=at,
        made_by=by,
        where=copy.where,
        items=copy.content.items,
        checksum=copy.content.checksum,
        bytes=copy.content.bytes,
        parts=dict(copy.content.parts),
        explained=explained,
        note=copy.note,
        restore=restore_command(order.id, store),
    )
    catalogue.add(point)
    return point


def verify(point: RecoveryPoint, catalogue: Catalogue, progress: Progress = silent) -> RecoveryPoint:
    """Read a copy back and note what was found; returns the record as it is now.

    Raises ``DamagedError``, which is noted (from then on the copy counts as not verified), and ``RecoveryError`` where
    it couldn't be read for another reason, which says nothing about the copy.
    """
    try:
        how = maker(point.store.kind).verify(point, progress)
    except DamagedError as error:
        catalogue.damaged(point, str(error)[:2000])
        raise
    return catalogue.verified(point, how)


def restore(point: RecoveryPoint, target: str, progress: Progress = silent) -> int:
    """Restore a copy to ``target``, which has to be absent or empty; how many items that were.

    Raises ``RecoveryError``. The target is a physical name; for logs, which can't be put back, a new file.
    """
    return maker(point.store.kind).restore(point, target, progress)
