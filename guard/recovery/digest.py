"""A checksum over items in any order, in the memory of one item.

Items are summed as SHA-256 modulo 2**256 (a multiset hash: an item that is there twice counts twice), and the sum is
hashed together with the number of items. It finds damage and loss; it doesn't withstand forgery.

Beside the one sum there are 256 small ones, an item's being chosen by its hash: how many of them differ tells about how
many items do. What isn't an item (a schema, say) has a checksum by name, and a sequence its position.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

_MODULUS = 1 << 256
CELLS = 256
_CELL = 1 << 32
AHEAD = 32
"""Values that PostgreSQL logs ahead: a sequence in a copy may be so far on (PostgreSQL's source, SEQ_LOG_VALS)."""


@dataclass(frozen=True)
class Content:
    """What a store or a copy holds."""

    items: int
    bytes: int
    """Of the items as they were hashed."""
    checksum: str
    """SHA-256 (hex), whatever the order of the items."""
    parts: Mapping[str, int] = field(default_factory=dict)
    """Items by part, where a store has parts: the tables of a database."""
    aspects: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 (hex) of what isn't an item, by name: the views of a database."""
    positions: Mapping[str, int] = field(default_factory=dict)
    """Calls of a sequence so far, by name."""
    cells: str = ""
    """Small sums over the items, eight hex digits each."""

    def difference(self, other: Content) -> str | None:
        """How ``other`` differs, in a few words; None where it holds the same."""
        for part in sorted({*self.parts, *other.parts}):
            mine, theirs = self.parts.get(part), other.parts.get(part)
            if mine != theirs:
                return f"{part}: {_amount(mine)} recorded, {_amount(theirs)} found"
        if self.items != other.items:
            return f"{self.items} items recorded, {other.items} found"
        if different := self.aside(other):
            return different
        return None if self.checksum == other.checksum else "the content of some items differs"

    def aside(self, other: Content) -> str | None:
        """How ``other`` differs in what isn't an item. A sequence may be a little ahead, as it is in a copy."""
        names = sorted({*self.aspects, *other.aspects})
        if differing := [name for name in names if self.aspects.get(name) != other.aspects.get(name)]:
            return f"{', '.join(differing)} differ"
        for name in sorted({*self.positions, *other.positions}):
            mine, theirs = self.positions.get(name), other.positions.get(name)
            if mine is None or theirs is None or not mine <= theirs <= mine + AHEAD:
                return f"{name}: at {mine} recorded, at {theirs} found"
        return None

    def moved(self, other: Content) -> tuple[int, int] | None:
        """About how many items ``other`` has that aren't here, and the other way round; None where that can't be told.

        Exact for a few, an estimate for hundreds.
        """
        net = other.items - self.items
        if self.checksum == other.checksum and not net:
            return 0, 0
        if len(self.cells) != len(other.cells) or not self.cells:
            return None
        differing = sum(self.cells[at : at + 8] != other.cells[at : at + 8] for at in range(0, len(self.cells), 8))
        if differing > CELLS * 0.9:
            return None
        total = max(round(-CELLS * math.log(1 - differing / CELLS)), abs(net), 1)
        return -(-(total + net) // 2), -(-(total - net) // 2)


def _amount(items: int | None) -> str:
    return "none" if items is None else f"{items} items"


class Digest:
    """Collects items, one at a time."""

    def __init__(self) -> None:
        self.items = 0
        self.bytes = 0
        self._sum = 0
        self._parts: dict[str, int] = {}
        self._aspects: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._cells = [0] * CELLS

    def add(self, item: bytes) -> None:
        """Add one item."""
        self.add_hash(hashlib.sha256(item).digest(), len(item))

    def add_hash(self, sha256: bytes, size: int) -> None:
        """Add one item by its SHA-256 (32 bytes) and its size in bytes."""
        number = int.from_bytes(sha256)
        self._sum = (self._sum + number) % _MODULUS
        self._cells[sha256[0]] = (self._cells[sha256[0]] + (number >> 64)) % _CELL
        self.items += 1
        self.bytes += size

    def part(self, name: str, items: int) -> None:
        """Say how many of the items belong to a part."""
        self._parts[name] = items

    def aspect(self, name: str, fact: bytes = b"") -> None:
        """Add a fact to what isn't an item; facts have no order. Without one, there are none of that name."""
        number = int.from_bytes(hashlib.sha256(fact).digest()) if fact else 0
        self._aspects[name] = (self._aspects.get(name, 0) + number) % _MODULUS

    def position(self, name: str, calls: int) -> None:
        """Say how often a sequence was called."""
        self._positions[name] = calls

    def content(self) -> Content:
        """What was added so far."""
        checksum = hashlib.sha256(self._sum.to_bytes(32) + self.items.to_bytes(16)).hexdigest()
        aspects = {name: f"{number:064x}" for name, number in self._aspects.items()}
        cells = "".join(f"{cell:08x}" for cell in self._cells)
        return Content(self.items, self.bytes, checksum, dict(self._parts), aspects, dict(self._positions), cells)
