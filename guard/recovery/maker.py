"""What a maker of copies is: the protocol that every kind of store has a file for in ``guard.recovery.makers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.errors import DamagedError
from guard.recovery.digest import Content
from guard.recovery.points import LocatedStore, RecoveryPoint

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how many items of it are done, and how many there are (None: not known yet)."""

TEMPORARY = "recovery-check-"
"""What the names of temporary tables and instances begin with: nothing else with this prefix is ever deleted."""


def silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Order:
    """A copy to be made."""

    id: str
    """The recovery point's."""
    store: LocatedStore
    at: datetime
    bucket: str
    """The recovery bucket."""
    region: str
    """The recovery bucket's."""
    explained: str | None = None
    """Why the store's items may differ from the copy's; without a reason a store that changes meanwhile is refused."""
    progress: Progress = silent


@dataclass(frozen=True)
class Copy:
    """A copy that was made."""

    where: str
    content: Content
    note: str | None = None
    """What the making changed in the store, and what a restore doesn't bring back."""
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    """What the service says of the copy itself."""


class Maker(Protocol):
    """One kind of store. Everything raises ``ServiceError`` for what can't be read or done."""

    def count(self, store: LocatedStore) -> int:
        """How many items the store holds now."""

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """What the store holds now, every item read."""

    def copy(self, order: Order) -> Copy:
        """Copy the store; no record is made."""

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """Read the copy back: how that was done. Raises ``DamagedError`` where it isn't what was recorded."""

    def check(self, point: RecoveryPoint) -> None:
        """Look at the copy without reading all of it: is it there, whole, the one that was recorded, and will it stay?

        Raises ``DamagedError`` where it isn't, ``ServiceError`` where that can't be told.
        """

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """Restore the copy to ``target``, which is absent or empty; how many items that were."""


def temporary(point_or_order: RecoveryPoint | Order) -> str:
    """The name of the temporary table or instance for one recovery point."""
    return f"{TEMPORARY}{point_or_order.id}"


def same(point: RecoveryPoint, fingerprint: Mapping[str, str]) -> None:
    """Raise ``DamagedError`` where a copy isn't the one that was recorded."""
    for name, found in sorted(fingerprint.items()):
        recorded = point.fingerprint.get(name)
        if found != recorded:
            raise DamagedError(
                f"copy {point.where} of {point.store} isn't the recorded one: its {name} was {recorded}, is {found}"
            )
