"""Where what was built or fetched lies: one cache for all checkouts."""

from __future__ import annotations

import os
from pathlib import Path


def cache() -> Path:
    """Builds that every checkout shares, keyed by version and content (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rollback-stack"
