"""The passages that come with the image."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def passages() -> dict[str, str]:
    """Return passage id -> text."""
    loaded: dict[str, str] = json.loads((DATA / "passages.json").read_text(encoding="utf-8"))
    return loaded
