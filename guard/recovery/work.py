"""Counting, copying, checking, verifying and restoring a store of any kind, and keeping the record of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core import deadline
from core.errors import DamagedError, ServiceError
from guard.durable import Kind
from guard.recovery.catalogue import Catalogue
from guard.recovery.digest import Content
from guard.recovery.judgement import judge
from guard.recovery.maker import Order, Progress, silent
from guard.recovery.makers import MAKERS, QUEUES, maker
from guard.recovery.place import in_reach
from guard.recovery.points import DIGEST, LocatedStore, RecoveryPoint, make_command, new_id, restore_command


@dataclass(frozen=True)
class Evaluation:
    """What there is to bring a store's items back."""

    items: int
    """That the store holds now."""
    point: RecoveryPoint | None
    """The recovery point that it was judged by."""
    refusal: str | None
    """What is missing, in two lines; None where the items can be brought back."""


def count(store: LocatedStore, *, seconds: float | None = None) -> int:
    """How many items a store holds now. Raises ``ServiceError`` where that can't be told (within ``seconds``)."""
    return deadline.bounded(str(store), seconds, lambda: maker(store.kind).count(store))


def measure(store: LocatedStore, progress: Progress = silent, *, seconds: float | None = None) -> Content:
    """What a store holds now, with its checksum: every item is read.

    Raises ``ServiceError``, also where that takes longer than ``seconds``.
    """
    return deadline.bounded(str(store), seconds, lambda: maker(store.kind).measure(store, progress))


def make(
    store: LocatedStore,
    catalogue: Catalogue,
    by: str,
    *,
    explained: str | None = None,
    may_gain: int | None = None,
    may_lose: int | None = None,
    progress: Progress = silent,
) -> RecoveryPoint:
    """Copy a store and record the copy, which counts as not verified yet. Raises ``ServiceError`` and records nothing.

    Args:
        by: who makes it.
        explained: why the store may come to hold other items than the copy; it is believed for as long as the point is.
        may_gain: how many items the store may hold that the copy doesn't; with an explanation alone, one in ten.
        may_lose: how many items the copy may hold that the store doesn't any more; the same.
    """
    store = in_reach(store)
    refuse_itself(store, catalogue)
    catalogue.ensure()
    at = datetime.now(UTC)
    order = Order(new_id(at), store, at, catalogue.bucket, catalogue.region, explained, progress)
    copy = maker(store.kind).copy(order)
    content = copy.content
    point = RecoveryPoint(
        id=order.id,
        store=store,
        made_at=at,
        made_by=by,
        where=copy.where,
        items=content.items,
        checksum=content.checksum,
        bytes=content.bytes,
        parts=dict(content.parts),
        aspects=dict(content.aspects),
        positions=dict(content.positions),
        cells=content.cells,
        digest=DIGEST,
        fingerprint=dict(copy.fingerprint),
        explained=explained,
        may_gain=may_gain,
        may_lose=may_lose,
        note=copy.note,
        restore=restore_command(order.id, store),
    )
    catalogue.add(point)
    return point


def refuse_itself(store: LocatedStore, catalogue: Catalogue) -> None:
    """Raise ``ServiceError`` for the bucket that the copies lie in."""
    if store.kind is Kind.BUCKET and store.name == catalogue.bucket:
        raise ServiceError(
            f"{store} holds the recovery points themselves and isn't copied into itself: keep it out of every stack "
            f"(pulumi state delete '{store.urn}'), or replicate it (aws s3api put-bucket-replication)"
        )


def check(point: RecoveryPoint, catalogue: Catalogue, *, seconds: float | None = None) -> None:
    """Look at the copy itself, its record and the recovery bucket, at the moment when a store is about to go.

    Cheap beside ``verify``: copies are listed, not read. Raises ``DamagedError`` where the copy or its record is gone
    or isn't what was recorded, ``ServiceError`` where that can't be told (within ``seconds``) or the bucket is unsafe.
    """

    def look() -> None:
        if point.digest != DIGEST:
            raise ServiceError(f"{_of(point)} was made by an earlier version: {make_command(point.store)}")
        catalogue.check()
        catalogue.confirm(point)
        maker(point.store.kind).check(point)

    deadline.bounded(f"copy of {point.store}", seconds, look)


def evaluate(
    store: LocatedStore, catalogue: Catalogue, now: datetime, bound: timedelta, *, seconds: float | None = None
) -> Evaluation:
    """Judge a store by its newest recovery point: its items are read and compared, then the copy is looked at.

    A queue is read only where all else is in order, since to read its messages is to receive them. Raises
    ``ServiceError`` for what can't be told within ``seconds``.
    """

    def look() -> Evaluation:
        point = catalogue.evidence(store, now)
        one = maker(store.kind)
        held = one.measure(store, silent) if store.kind in MAKERS and store.kind is not Kind.QUEUE else None
        items = one.count(store) if held is None else held.items
        refusal = judge(point, store, items if held is None else held, now, bound)
        if refusal is None and point is not None and store.kind is Kind.QUEUE and items:
            QUEUES.refuse_exhausting(point)
            held = one.measure(store, silent)
            refusal = judge(point, store, held, now, bound)
        if refusal is None and point is not None:
            try:
                check(point, catalogue)
            except DamagedError as error:
                refusal = f"{store}: {error}\n{make_command(store)}"
        return Evaluation(items, point, refusal)

    return deadline.bounded(str(store), seconds, look)


def verify(point: RecoveryPoint, catalogue: Catalogue, progress: Progress = silent) -> RecoveryPoint:
    """Read a copy back and note what was found; returns the record as it is now.

    Raises ``DamagedError``, which is noted (from then on the copy counts as not verified), and ``ServiceError`` where
    it couldn't be read for another reason, which says nothing about the copy.
    """
    if point.digest != DIGEST:
        raise ServiceError(f"{_of(point)} was made by an earlier version, which compared less: make a new one")
    try:
        how = maker(point.store.kind).verify(point, progress)
    except DamagedError as error:
        catalogue.damaged(point, str(error)[:2000])
        raise
    return catalogue.verified(point, how)


def restore(point: RecoveryPoint, target: str, progress: Progress = silent) -> int:
    """Restore a copy to ``target``, which has to be absent or empty; how many items that were.

    Raises ``ServiceError``. The target is a physical name; for logs, which can't be put back, a new file. What is
    there then is compared with the record.
    """
    return maker(point.store.kind).restore(point, target, progress)


def _of(point: RecoveryPoint) -> str:
    return f"recovery point {point.id} of {point.store}"
