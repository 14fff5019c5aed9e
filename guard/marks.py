"""By what a policy knows the guard and its plan, without the guard itself: a pack starts in every preview."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

PLAN = "rollback:guard:Plan"
"""The type of the component that shows what an update takes away."""
SETTLED = "settled"
"""In the option ``ignoreChanges`` of a plan that tells of an earlier update: engine and state don't take it for a
change, and a policy sees it."""


@functools.cache
def guard_digest() -> str:
    """What tells this guard from another that only looks like it: SHA-256 over all sources and tables of ``guard``."""
    digest, folder = hashlib.sha256(), Path(__file__).parent
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".py", ".txt")):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()
