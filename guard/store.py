"""A durable store as a program declares it, and as the state has it: what two updates are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guard.location import Location

NOWHERE = Location()


@dataclass(frozen=True)
class Store:
    """A durable store that the program declares."""

    urn: str
    type: str
    name: str
    """The physical name."""
    system: str
    identity: Mapping[str, Any]
    """The inputs that a replacement would be for, where the program knows them before the update."""
    location: Location = NOWHERE
    owner: str | None = None
    """The URN of the store that a belt guards: what is approved for that one goes for the belt."""
    unset: frozenset[str] = frozenset()
    """The inputs of the identity that the program leaves out."""

    def is_same(self, other: Store) -> bool:
        """Whether both are one thing: the same type and physical name in the same place."""
        return (self.type, self.name) == (other.type, other.name) and self.location.is_same_place(other.location)
