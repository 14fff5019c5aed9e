"""How long an update would roughly take, by the stack's own history of updates."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stacks.direction import Direction, direction
from stacks.settings import PROJECT, StackSettings

NEAREST = 3
"""Past updates that an estimate is the median of."""


@dataclass(frozen=True)
class Past:
    """An update that ended well and changed something."""

    seconds: float
    changed: int
    """Resources."""
    direction: Direction


@dataclass(frozen=True)
class Estimate:
    """Roughly how long. ``seconds`` is None where nothing is known."""

    seconds: float | None
    basis: str


def past(history: Sequence[Mapping[str, Any]]) -> list[Past]:
    """The updates to go by (`pulumi stack history --json`, newest first), oldest first."""
    found, running = [], None
    for each in reversed(history):
        if each.get("kind") != "update" or each.get("result") != "succeeded":
            continue
        version = ((each.get("config") or {}).get(f"{PROJECT}:version") or {}).get("value")
        changed = changes(each.get("resourceChanges") or {})
        if version is None:
            continue
        if changed:
            seconds = (_time(each["endTime"]) - _time(each["startTime"])).total_seconds()
            found.append(Past(max(seconds, 0.0), changed, direction(running, str(version))))
        running = str(version)
    return found


def estimate(updates: Iterable[Past], wanted: Direction, changed: int, canary_minutes: int) -> Estimate:
    """The median of the nearest updates of the same direction.

    Where there is none, of any other but the first, to which a canary's wait is added on the way forward alone: going
    back is done all at once. ``changed``: resources that this update changes.
    """
    if not changed:
        return Estimate(0.0, "nothing changes")
    known = [each for each in updates if each.direction is not Direction.FIRST]
    alike = [each for each in known if each.direction is wanted]
    wait = 60.0 * canary_minutes if wanted is Direction.FORWARD and not alike else 0.0
    nearest = sorted(alike or known, key=lambda each: abs(math.log(each.changed / changed)))[:NEAREST]
    if not nearest:
        return Estimate(wait or None, "the canary's wait; no update to go by yet" if wait else "no update to go by yet")
    seconds = statistics.median(each.seconds for each in nearest) + wait
    number = "1 update" if len(nearest) == 1 else f"{len(nearest)} updates"
    told = f"{number} {wanted.value if alike else 'of another kind'}"
    return Estimate(seconds, f"by {told}" + (f", and {canary_minutes} min of canary" if wait else ""))


def changes(counts: Mapping[str, int]) -> int:
    """How many resources an update changes, by operation."""
    return sum(number for op, number in counts.items() if op not in ("same", "read", "refresh"))


def canary_minutes(settings: StackSettings) -> int:
    """How long the system waits whose traffic takes longest to move forward in steps."""
    return max(own.shift_minutes() for own in settings.by_system.values())


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
