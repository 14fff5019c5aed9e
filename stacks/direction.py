"""Which way a move from one release to another goes: the one place where that is decided."""

from __future__ import annotations

from enum import StrEnum

from core.identifiers import order


class Direction(StrEnum):
    """Which way a system, or a stack, moves."""

    BACK = "back"
    FORWARD = "forward"
    HERE = "here"
    """The release stays, something else changes."""
    FIRST = "first"
    """Nothing was deployed before."""


def direction(old: str | None, new: str) -> Direction:
    """From one release to another. ``old``: None where nothing was deployed."""
    if old is None:
        return Direction.FIRST
    if old == new:
        return Direction.HERE
    return Direction.BACK if order(new) < order(old) else Direction.FORWARD


def returns(deployed: str | None, wanted: str) -> bool:
    """Whether a move leads to an earlier release, or to the very one that was deployed at last.

    An update that failed half-way leaves what the last good one said of the release: what moves on the way to that
    release goes back.
    """
    return direction(deployed, wanted) in (Direction.BACK, Direction.HERE)
