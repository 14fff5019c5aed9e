"""The layout of each data format."""

from __future__ import annotations

from typing import Any

from receipt_chroma import layout_1


def layout(data_format: int, client: Any) -> layout_1.Layout:
    """Return the layout of a format that this version reads."""
    return {1: layout_1.Layout}[data_format](client)
