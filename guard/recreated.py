"""Stores that an update is about to make although they were there before: what Pulumi makes then is empty.

Somebody deleted them outside of Pulumi, or an earlier update did with an approval. Either way people have to hear of it
before everybody reads from an empty one. Asked only where a program declares durable stores that the state lacks.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core import project
from core.aws import client
from core.errors import ServiceError, code, translate_errors
from guard.durable import Kind, durable
from guard.inventory import Guarded
from guard.ledger import Ledger
from guard.recovery.catalogue import PREFIX, Catalogue
from guard.recovery.judgement import ELSEWHERE
from guard.recovery.place import in_reach
from guard.recovery.points import LocatedStore, RecoveryPoint, restore_command


@dataclass(frozen=True)
class Recreated:
    """A store that will be made anew."""

    store: LocatedStore
    point: RecoveryPoint | None
    """The newest recovery point with items; None where only the ledger knows the store."""

    @property
    def message(self) -> str:
        """Two lines: what is about to happen, and the command that brings the items back afterwards."""
        place = f"{self.store.kind} {self.store.name} ({self.store.region})"
        if self.point is None:
            return (
                f"{place} isn't in the state any more, though the ledger knows it: this update makes an empty one\n"
                f"  no recovery point holds items of it: find out who deleted it before anybody reads from the new one"
            )
        return (
            f"{place} was there before: this update makes an empty one, and recovery point {self.point.id} holds "
            f"{self.point.items} items\n"
            f"  bring them back after the update: {restore_command(self.point.id, self.store)}"
        )


def recreated(absent: Sequence[LocatedStore], bucket: str, region: str) -> list[Recreated]:
    """Which of the declared stores that the state lacks were there before, by the recovery points or by the ledger.

    ``bucket``, ``region``: those of the recovery points. One listing and one entry of the ledger where there is nothing
    to find, as in every first deployment; no request where ``absent`` is empty. Raises ``ServiceError`` where the
    bucket can't be read.
    """
    if not absent:
        return []
    found = []
    for stack in sorted({store.stack for store in absent}):
        mine = [store for store in absent if store.stack == stack]
        folders = _folders(bucket, region, stack)
        last = Ledger(bucket, region, stack).last()
        known = tuple(last.durable.values()) if last else ()
        for store in mine:
            recorded = any(f"/{store.name.lstrip('/')}/" in folder for folder in folders)
            point = _point(store, bucket, region) if recorded else None
            if point is not None or _is_known(store, known):
                found.append(Recreated(store, point))
    return found


def restoring(store: Guarded, bucket: str, region: str) -> str | None:
    """The command that restores a store of the state from its newest point with items; how to look, where none has.

    None where no recovery point of it was ever made, so that no command leads to one. Never raises: it only adds to a
    finding.
    """
    name, holds = shlex.quote(store.name), durable(store.type)
    listing = f"`{project.commands().recovery} list --store {name} -s {store.stack}`"
    if holds is not None and holds.kind in ELSEWHERE:
        return f"nothing here has a copy of it; {ELSEWHERE[holds.kind]}"
    try:
        account, _, where = store.place.rpartition(" ")
        looked_for = LocatedStore(
            urn=store.urn,
            type=store.type,
            kind=holds.kind if holds else Kind.UNKNOWN,
            name=store.name,
            region=where or region,
            account=account or None,
        )
        points = list(Catalogue(bucket, region).of(looked_for if account else in_reach(looked_for)))
    except (ServiceError, ValueError):
        return listing
    if not points:
        return None
    point = next((point for point in points if _restores(point)), None)
    return listing if point is None else f"`{point.restore}`"


def _point(store: LocatedStore, bucket: str, region: str) -> RecoveryPoint | None:
    """The newest recovery point of a store that has items and isn't known to be damaged."""
    return next((point for point in Catalogue(bucket, region).of(store) if _restores(point)), None)


def _restores(point: RecoveryPoint) -> bool:
    return bool(point.items) and point.fault is None


def _folders(bucket: str, region: str, stack: str) -> set[str]:
    """The folders of a stack's records: with none, no store needs to be asked for."""
    with translate_errors(f"recovery points in {bucket}"):
        listing = client("s3", region).get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=bucket, Prefix=f"{PREFIX}/{stack}/")
        try:
            return {str(each["Key"]).rpartition("/")[0] + "/" for page in pages for each in page.get("Contents", ())}
        except Exception as error:
            if code(error) == "NoSuchBucket":
                return set()
            raise


def _is_known(store: LocatedStore, known: Iterable[Guarded]) -> bool:
    """Whether the ledger's last entry has a store of this identity."""
    return any(
        (each.type, each.name) == (store.type, store.name) and each.place.rpartition(" ")[2] in ("", store.region)
        for each in known
    )
