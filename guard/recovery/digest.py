"""A checksum over items in any order, in the memory of one item.

Items are summed as SHA-256 modulo 2**256 (a multiset hash: an item that is there twice counts twice), and the sum is
hashed together with the number of items. It finds damage and loss; it doesn't withstand forgery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

_MODULUS = 1 << 256


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

    def difference(self, other: Content) -> str | None:
        """How ``other`` differs, in a few words; None where it holds the same."""
        for part in sorted({*self.parts, *other.parts}):
            mine, theirs = self.parts.get(part), other.parts.get(part)
            if mine != theirs:
                return f"{part}: {_amount(mine)} recorded, {_amount(theirs)} found"
        if self.items != other.items:
            return f"{self.items} items recorded, {other.items} found"
        return None if self.checksum == other.checksum else "the content of some items differs"


def _amount(items: int | None) -> str:
    return "none" if items is None else f"{items} items"


class Digest:
    """Collects items, one at a time."""

    def __init__(self) -> None:
        self.items = 0
        self.bytes = 0
        self._sum = 0
        self._parts: dict[str, int] = {}

    def add(self, item: bytes) -> None:
        """Add one item."""
        self.add_hash(hashlib.sha256(item).digest(), len(item))

    def add_hash(self, sha256: bytes, size: int) -> None:
        """Add one item by its SHA-256 (32 bytes) and its size in bytes."""
        self._sum = (self._sum + int.from_bytes(sha256)) % _MODULUS
        self.items += 1
        self.bytes += size

    def part(self, name: str, items: int) -> None:
        """Say how many of the items belong to a part."""
        self._parts[name] = items

    def content(self) -> Content:
        """What was added so far."""
        checksum = hashlib.sha256(self._sum.to_bytes(32) + self.items.to_bytes(16)).hexdigest()
        return Content(self.items, self.bytes, checksum, dict(self._parts))
