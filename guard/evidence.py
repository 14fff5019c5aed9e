"""What there is to bring a store's data back: its newest recovery point, held against what the store holds now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.model import Model
from guard import durable as types
from guard.durable import Kind
from guard.store import Store


class RecoveryStatus(Model):
    """What was found about one store."""

    missing: str | None
    """What is missing before it may go, in two lines; None where its data can be brought back."""
    recovery_point: dict[str, Any] | None = None


@dataclass(frozen=True)
class RecoveryPoints:
    """Looks for recovery points in the catalogue of a stack, and counts in the account.

    ``region`` is the recovery bucket's. Stores are counted where they lie.
    """

    bucket: str
    region: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    seconds: float = 900.0
    """How long a store may take to be read and compared; one that takes longer doesn't go."""

    def find(self, store: Store) -> RecoveryStatus:
        """The finding about a store. Whatever can't be read or counted is missing: this never raises for it."""
        from core.errors import ServiceError

        try:
            return self._find(store)
        except ServiceError as error:
            return RecoveryStatus(
                missing=f"{store.name}: whether it can be restored isn't known: {error}\n  ({store.urn})"
            )

    def _find(self, store: Store) -> RecoveryStatus:
        # Deletes are rare, and importing boto3 takes most of a second.
        from guard.recovery import work
        from guard.recovery.catalogue import Catalogue
        from guard.recovery.place import located

        durable = types.durable(store.type)
        if durable is None:
            said = f"{store.type} is no durable type that this program knows"
            return RecoveryStatus(missing=f"{store.name}: {said}\n  ({store.urn})")
        if durable.approval_only:
            return RecoveryStatus(missing=None)
        if durable.kind in types.ELSEWHERE:  # nothing here copies it, whatever the account says
            return RecoveryStatus(
                missing=f"{durable.kind} {store.name} ({store.urn})\n  {types.ELSEWHERE[durable.kind]}"
            )
        # A belt goes with the bucket whose name it bears.
        kind = Kind.BUCKET if durable.kind is Kind.BELT else durable.kind
        catalogue = Catalogue(self.bucket, self.region)
        known = located(store, kind)
        found = work.evaluate(known, catalogue, self.now(), durable.bound, seconds=self.seconds)
        if found.items == 0 and durable.passing:
            return RecoveryStatus(missing=None)
        point = found.point
        told = None if point is None else point.model_dump(mode="json", by_alias=True, include=_TOLD)
        return RecoveryStatus(missing=self._of_its_region(found.refusal, known), recovery_point=told)

    def _of_its_region(self, refusal: str | None, store: Any) -> str | None:
        """A refusal whose command names the region, where the stack's own isn't the store's."""
        from guard.recovery.points import make_command

        command = make_command(store)
        if refusal is None or store.region == self.region:
            return refusal
        return refusal.replace(command, f"{command} --region {store.region}")


_TOLD = {"id", "made_at", "made_by", "where", "items", "verified_at", "restore"}
