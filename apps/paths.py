"""Where builds keep what they would otherwise fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def cache() -> Path:
    """The folder that all checkouts share (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rollback-stack"
