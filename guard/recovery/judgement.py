"""May a store go, as far as its recovery point is concerned? A pure function: whoever asks has counted and looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from guard import durable
from guard.durable import Kind
from guard.recovery.points import RecoveryPoint, Store, make_command, verify_command

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
    store: Store,
    items_now: int,
    now: datetime,
    bound: timedelta,
    checksum_now: str | None = None,
) -> str | None:
    """None where the recovery point is in order; else a refusal in two lines: what is missing, and what makes it.

    In order is a point of this store that was read back, is younger than ``bound`` and holds as many items as the store
    does now, or says why not. With ``checksum_now`` (``work.measure``) the items have to be the same ones too.
    """
    faults, unverified = _faults(point, store, items_now, now, bound, checksum_now)
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
    store: Store,
    items_now: int,
    now: datetime,
    bound: timedelta,
    checksum_now: str | None,
) -> tuple[list[str], str | None]:
    """What a new point would mend, and what reading the point back would mend."""
    if point is None:
        return [f"no recovery point, and {items_now} items to lose"], None
    faults = []
    if point.store.identity != store.identity:
        other = f"{_line(str(point.store))} in {point.store.stack}, {point.store.place}"
        return [f"recovery point {point.id} is of {other}"], None
    age = now - point.made_at
    if age >= bound:
        faults.append(f"recovery point {point.id} is {_span(age)} old, the bound is {_span(bound)}")
    elif age < -SKEW:
        faults.append(f"recovery point {point.id} was made {_span(-age)} in the future: a clock is wrong")
    if not point.explained:
        if point.items != items_now:
            faults.append(f"it holds {point.items} items, the store holds {items_now}")
        elif checksum_now is not None and point.checksum != checksum_now:
            faults.append(f"the store's {items_now} items have changed since recovery point {point.id}")
    if point.fault is not None:
        return faults, f"recovery point {point.id} is damaged ({point.fault})"
    return faults, f"recovery point {point.id} was never read back" if point.verified_at is None else None


def _remedy(store: Store) -> str:
    return ELSEWHERE.get(store.kind) or make_command(store)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _line(text: str) -> str:
    return " ".join(text.split())
