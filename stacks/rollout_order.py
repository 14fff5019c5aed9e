"""Rollout order: in which order the systems move to another release.

Systems move one after the other, so that one which fails leaves those after it where they were. A release may say
that a system moves after others (``movesAfter``); on the way back the same pairs move in reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from core.identifiers import order
from core.model import ConfigurationError
from stacks.direction import Direction, direction

After = Mapping[str, tuple[str, ...]]
"""System -> the systems that move before it, on the way forward."""


@dataclass(frozen=True)
class Transition:
    """A system on its way from one release to another."""

    system: str
    old: str | None
    """None where it was never deployed."""
    new: str

    @property
    def back(self) -> bool:
        """Whether it goes back to an earlier release."""
        return direction(self.old, self.new) is Direction.BACK

    @property
    def newer(self) -> str:
        """The later of the two releases: the one that brought what moves now, and knows its order."""
        return self.new if self.old is None else max(self.old, self.new, key=order)


def turns(moves: Iterable[Transition], after: Callable[[str], After]) -> list[list[str]]:
    """The systems in the turns in which they are declared; every turn waits for the end of the one before.

    What doesn't move, and what was never deployed, takes the first turn together: it leaves nothing behind. After that
    each system has a turn of its own. ``after``: what a release says in ``movesAfter``.
    Raises ``ConfigurationError`` where systems would have to wait for each other.
    """
    given = list(moves)
    moving = {move.system: move for move in given if move.old not in (None, move.new)}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for system, move in moving.items():
        sorter.add(system)
        for first in after(move.newer).get(system, ()):
            if first in moving:
                sorter.add(*((first, system) if move.back else (system, first)))
    try:
        ordered = list(sorter.static_order())
    except CycleError as error:
        waiting = " after ".join(dict.fromkeys(error.args[1]))
        raise ConfigurationError(f"these systems can't move in one update ({waiting}): move them one by one") from None
    still = [move.system for move in given if move.system not in moving]
    return [*([still] if still else []), *([system] for system in ordered)]
