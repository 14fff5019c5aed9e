"""What a maker of copies is: the protocol that every kind of store has a file for in ``guard.recovery.makers``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guard.recovery.digest import Content
from guard.recovery.points import RecoveryPoint, Store

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
    store: Store
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


class Maker(Protocol):
    """One kind of store. Everything raises ``RecoveryError`` for what can't be read or done."""

    def count(self, store: Store) -> int:
        """How many items the store holds now."""

    def measure(self, store: Store, progress: Progress) -> Content:
        """What the store holds now, every item read."""

    def copy(self, order: Order) -> Copy:
        """Copy the store; no record is made."""

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """Read the copy back: how that was done. Raises ``DamagedError`` where it isn't what was recorded."""

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """Restore the copy to ``target``, which is absent or empty; how many items that were."""


def temporary(point_or_order: RecoveryPoint | Order) -> str:
    """The name of the temporary table or instance for one recovery point."""
    return f"{TEMPORARY}{point_or_order.id}"
