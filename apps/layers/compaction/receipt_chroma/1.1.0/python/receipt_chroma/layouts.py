"""The layout of each data format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from receipt_chroma import layout_1, layout_2
from receipt_chroma.receipt import Receipt


class Layout(Protocol):
    """What the store needs of a layout."""

    def count(self) -> int:
        """Return the number of receipts."""

    def get(self, ids: Sequence[str]) -> list[Receipt]:
        """Return the receipts there are among these."""

    def pages(self) -> Iterator[list[Receipt]]:
        """Yield all receipts, a page at a time."""

    def put(self, receipts: Sequence[Receipt]) -> None:
        """Write receipts, whether they are new or not."""

    def remove(self, ids: Sequence[str]) -> None:
        """Remove receipts; one that isn't there is no error."""

    def nearest(self, text: str, top_k: int) -> list[tuple[Receipt, float]]:
        """Return the nearest receipts with their cosine distances, nearest first."""


_LAYOUTS: dict[int, Callable[[Any], Layout]] = {1: layout_1.Layout, 2: layout_2.Layout}


def layout(data_format: int, client: Any) -> Layout:
    """Return the layout of a format that this version reads."""
    return _LAYOUTS[data_format](client)
