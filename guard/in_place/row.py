"""One row of the tables: a property, how two values of it are compared, and what a change for the worse loses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from guard.in_place.values import ABSENT


@dataclass(frozen=True)
class Part:
    """One difference that loses something."""

    before: Any
    after: Any
    unit: str = ""
    text: str = ""
    """What is lost, where the row's own sentence doesn't fit."""
    path: str = ""
    """Below the row's path."""
    item: str = ""
    """What the row's sentence calls ``{item}``."""
    unknown: bool = False
    """The new value is known only in the update, and could be one that loses."""


Check = Callable[[Any, Any], Iterable[Part]]
"""(before, after) -> what is lost. Either may be ``ABSENT``, the second ``UNKNOWN`` too."""


@dataclass(frozen=True)
class Row:
    """A property whose change can lose data."""

    path: str
    """With dots, as the engine spells it; the whole resource where empty."""
    check: Check
    lost: str
    """One sentence; ``{before}``, ``{after}`` and ``{item}`` are filled in."""
    irreversible: bool = True
    """The old value, set again, doesn't bring back what has gone because of the new one."""
    default: Any = ABSENT
    """What the service does where the property isn't set, by its documentation; ``AS_IT_IS`` for nothing at all."""
    new: bool = True
    """Whether a companion that is made beside an old store counts: a new consumer with few retries adds a reader, and
    takes nothing from the others."""
    held: bool = False
    """Whether the change takes only what the store holds, by its age: from one that was just made and holds nothing it
    takes nothing."""


@dataclass(frozen=True)
class Leaving:
    """A companion whose delete loses what it kept. A store's own delete is a removal, which is judged as one."""

    lost: str
    irreversible: bool = True
    holds: Callable[[Any], bool] = lambda _before: True
    """Whether this one, as the state has it, keeps anything."""
    undone: bool = True
    """The delete of the old one undoes what a replacement of it has set meanwhile; not where each has an id."""
