"""May a store go, as far as its recovery point is concerned? A pure function: whoever asks has counted and looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from guard import durable
from guard.durable import Kind
from guard.recovery.digest import Content
from guard.recovery.points import LocatedStore, RecoveryPoint, make_command, verify_command

SKEW = timedelta(minutes=1)
"""How far clocks may differ: a point from further in the future is no evidence."""

ELSEWHERE: dict[Kind, str] = {
    **durable.ELSEWHERE,
    Kind.SECRET: "no API copies a secret: Secrets Manager keeps a deleted one for its recovery window "
    "(aws secretsmanager restore-secret), so give the delete an approval and a window",
    Kind.VOLUME: "a volume is copied by its own tool: a VolumeSnapshot for a claim, AWS Backup for EBS and EFS",
    Kind.NAMESPACE: "a namespace is copied object by object: a VolumeSnapshot for each of its "
    "PersistentVolumeClaims, kubectl get secret,configmap -o yaml for its Secrets and ConfigMaps",
    Kind.HOST: "a host's runbook copies it: mongodump and the vector store's export, or AWS Backup for the machine",
    Kind.BELT: "it holds nothing itself: make a recovery point of the store that it guards",
}
"""Kinds that have no maker here, and what makes a copy instead."""


def judge(
    point: RecoveryPoint | None,
    store: LocatedStore,
    held: Content | int,
    now: datetime,
    bound: timedelta,
) -> str | None:
    """None where the recovery point is in order; else a refusal in two lines: what is missing, and what makes it.

    In order is a point of this store that was read back, is younger than ``bound`` and holds as many items as the
    store does now (``held``: how many, where only that is known). Where ``held`` is all that the store holds, the items
    have to be the same ones too, and what isn't an item as well. A point that was explained allows as many items to
    differ as it says; where it can't be told how many do, none.
    """
    faults, unverified = _faults(point, store, held, now, bound)
    if point is not None and unverified is not None:
        remedy = verify_command(point) if not faults and point.fault is None else _remedy(store)
        faults = [unverified, *faults]
    elif faults:
        remedy = _remedy(store)
    else:
        return None
    return f"{_line(str(store))}: {'; '.join(faults)}\n{remedy}"


def _faults(
    point: RecoveryPoint | None,
    store: LocatedStore,
    held: Content | int,
    now: datetime,
    bound: timedelta,
) -> tuple[list[str], str | None]:
    """What a new point would fix, and what reading the point back would fix."""
    if point is None:
        return [f"no recovery point; {_items(held)} items would be lost"], None
    faults = []
    if point.store.identity != store.identity:
        other = f"{_line(str(point.store))} in {point.store.stack}, {point.store.place}"
        return [f"recovery point {point.id} is of {other}"], None
    age = now - point.made_at
    if age >= bound:
        faults.append(f"recovery point {point.id} is {_span(age)} old, the bound is {_span(bound)}")
    elif age < -SKEW:
        faults.append(f"recovery point {point.id} was made {_span(-age)} in the future: a clock is wrong")
    if changed := _changed(point, held):
        faults.append(changed)
    if point.fault is not None:
        return faults, f"recovery point {point.id} is damaged ({point.fault})"
    return faults, f"recovery point {point.id} was never read back" if point.verified_at is None else None


def _changed(point: RecoveryPoint, held: Content | int) -> str | None:
    """How the store has changed since its recovery point, beyond what that explains."""
    if not isinstance(held, int) and (different := point.content.aside(held)):
        return f"the store has changed since recovery point {point.id}: {different}"
    items_now = _items(held)
    if point.items == items_now and (isinstance(held, int) or held.checksum == point.checksum):
        return None
    if isinstance(held, int):
        moved: tuple[int, int] | None = max(held - point.items, 0), max(point.items - held, 0)
    else:
        moved = point.content.moved(held)
    gain, lose = point.allowance
    if moved is not None and point.explained and moved[0] <= gain and moved[1] <= lose:
        return None
    if point.explained:
        found = "more items than can be told" if moved is None else f"{moved[0]} items came and {moved[1]} went"
        return f"{found} since recovery point {point.id}, which explains {gain} and {lose}"
    if point.items != items_now:
        return f"it holds {point.items} items, the store holds {items_now}"
    return f"the store's {items_now} items have changed since recovery point {point.id}"


def _items(held: Content | int) -> int:
    return held if isinstance(held, int) else held.items


def _remedy(store: LocatedStore) -> str:
    return ELSEWHERE.get(store.kind) or make_command(store)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _line(text: str) -> str:
    return " ".join(text.split())
