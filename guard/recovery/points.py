"""A durable store, and a recovery point (AWS Backup's term): a copy of it that was read back.

A recovery point's record says where the copy lies, what is in it, how old it is, who made it, and how to restore it.
"""

from __future__ import annotations

import secrets
import shlex
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from core import project
from core.identifiers import Region
from core.model import Model
from core.urn import stack_of
from guard.durable import Kind
from guard.recovery.digest import Content

Name = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=2048, pattern=r"^[^\n]*$")]
Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Amount = Annotated[int, Field(ge=0, le=1 << 60)]
DIGEST = 2
"""How checksums are made now."""
TENTH = 10
"""One in this many items may differ where an explanation says no number."""


class LocatedStore(Model):
    """One durable store as a stack's state knows it."""

    urn: Annotated[str, StringConstraints(pattern=r"^urn:pulumi:[^:]+::[^:]+::.+", max_length=4096)]
    type: Name
    """The type token, such as ``aws:dynamodb/table:Table``."""
    kind: Kind
    name: Name
    """The physical name."""
    region: Region
    account: Annotated[str, StringConstraints(pattern=r"^\d{1,12}$")] | None = None
    """The account's number; records of before 2026-11-30 lack it, and are evidence of nothing."""
    context: Line | None = None
    """The kubeconfig's context that leads to a Kubernetes store's cluster; left out: the current one."""
    kubeconfig: Annotated[str | None, Field(exclude=True, repr=False)] = None
    """The kubeconfig's path or content, where it isn't the environment's; never recorded."""
    namespace: Name | None = None
    """Of a Kubernetes store."""
    uid: Name | None = None
    """What Kubernetes knows the store by, where the state tells it."""

    @property
    def identity(self) -> tuple[str | None, ...]:
        """What tells one store from every other: kind and name, and where it lies. A name alone never does."""
        return (self.kind, self.name, self.stack, self.region, self.account, self.context, self.namespace)

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        if self.namespace or self.context:
            return f"namespace {self.namespace} of cluster {self.context or '(current context)'}"
        return f"{self.region}, account {self.account or 'unknown'}"

    @property
    def stack(self) -> str:
        """The stack that declares it, as its URN says."""
        return stack_of(self.urn)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class RecoveryPoint(Model):
    """The record of one copy."""

    id: Annotated[str, StringConstraints(pattern=r"^\d{8}t\d{9}z-[0-9a-f]{8}$")]
    """Sorts by the time of making (to the millisecond)."""
    store: LocatedStore
    made_at: AwareDatetime
    """When the copy was begun: what was written later may be missing."""
    made_by: Line
    where: Line
    """ARN or URI of the copy."""
    items: Amount
    checksum: Checksum
    """SHA-256 over the items, whatever their order (``guard.recovery.digest``)."""
    bytes: Amount
    parts: dict[str, Amount] = {}
    """Items by part: the tables of a database."""
    aspects: dict[str, Checksum] = {}
    """Checksums of what isn't an item, by name: the schema of a database."""
    positions: dict[str, int] = {}
    """Calls of a sequence so far, by name."""
    cells: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2048})?$")] = ""
    """Small sums by which it is told about how many items differ (``guard.recovery.digest``)."""
    fingerprint: dict[str, Line] = {}
    """What the service says of the copy itself, which is held against it whenever the copy is relied on."""
    digest: Annotated[int, Field(ge=1, le=DIGEST)] = 1
    """How the checksum was made: the first way left out schemas, metadata and tags."""
    explained: Line | None = None
    """Why the store may come to hold other items than the copy, as a person said when it was made."""
    may_gain: Amount | None = None
    """Items at most that the store may hold and the copy doesn't; one in ten where an explanation has no number."""
    may_lose: Amount | None = None
    """Items at most that the copy holds and the store doesn't any more; the same."""
    note: Line | None = None
    """What the making changed in the store."""
    verified_at: AwareDatetime | None = None
    """When the copy was last read back and found to be what was recorded."""
    verified_how: Line | None = None
    fault: Line | None = None
    """What the last verification found wrong; such a copy counts as not verified."""
    restore: Line
    """The command that restores it."""

    @model_validator(mode="after")
    def _consistent(self) -> RecoveryPoint:
        if (self.verified_at is None) != (self.verified_how is None):
            raise ValueError("verifiedAt and verifiedHow go together")
        if self.verified_at is not None and self.verified_at < self.made_at:
            raise ValueError("verifiedAt lies before madeAt")
        if self.fault is not None and self.verified_at is not None:
            raise ValueError("a copy with a fault isn't verified")
        if self.explained is None and (self.may_gain, self.may_lose) != (None, None):
            raise ValueError("mayGain and mayLose need an explanation")
        return self

    @property
    def content(self) -> Content:
        """What the copy holds."""
        return Content(self.items, self.bytes, self.checksum, self.parts, self.aspects, self.positions, self.cells)

    def differs(self, found: Content) -> str | None:
        """How something that was made from the copy differs from what was recorded; None where it is the same.

        Of a record from before schemas, metadata and tags were compared, the numbers of items are all that can be.
        """
        if self.digest == DIGEST:
            return self.content.difference(found)
        numbers = replace(found, checksum=self.checksum, aspects={}, positions={})
        return self.content.difference(numbers)

    @property
    def allowance(self) -> tuple[int, int]:
        """How many items the store may have gained and lost since: none without an explanation.

        A copy of nothing explains nothing.
        """
        if not self.explained:
            return 0, 0
        gain, lose = (self.items // TENTH if each is None else each for each in (self.may_gain, self.may_lose))
        return (gain if self.items else 0), lose


def new_id(at: datetime) -> str:
    """An id for a recovery point begun at ``at`` (UTC)."""
    return f"{at:%Y%m%dt%H%M%S}{at.microsecond // 1000:03}z-{secrets.token_hex(4)}"


def make_command(store: LocatedStore) -> str:
    """The command that makes and verifies a recovery point of a store."""
    return f"{project.commands().recovery} make {shlex.quote(store.name)} -s {store.stack}"


def verify_command(point: RecoveryPoint) -> str:
    """The command that reads a recovery point back."""
    return f"{project.commands().recovery} verify {point.id} -s {point.store.stack}"


def restore_command(identifier: str, store: LocatedStore) -> str:
    """The command that restores a recovery point to where the store was."""
    return f"{project.commands().recovery} restore {identifier} --to {shlex.quote(store.name)} -s {store.stack}"
