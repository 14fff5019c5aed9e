"""The keys of a runner's caches: what is in a cache is named by the files that it is made from.

Run by path, before there is a ``.venv``: it needs nothing but Python. GitHub's own ``hashFiles`` sees only the
workspace, and where another repository uses the action, this checkout lies outside of it.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "packages": ("requirements.lock", "requirements-dev.lock", "scripts/bootstrap"),
    "engine": ("requirements.lock", "toolchain/**/go.sum", "toolchain/**/go.mod"),
    "sandbox": (
        "requirements.lock",
        "requirements-dev.lock",
        "policies/checkov/requirements.lock",
        "sandbox/**/go.sum",
        "sandbox/**/go.mod",
    ),
}
"""A cache -> the files it is made from: names and patterns, from the checkout's folder."""
SHORT = 24


def key(part: str, root: Path = ROOT) -> str:
    """The key of one cache. Raises ``FileNotFoundError`` where a pattern names nothing: it would hold no more."""
    told = hashlib.sha256()
    for pattern in PARTS[part]:
        found = sorted(root.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{pattern} names no file in {root}")
        for path in found:
            told.update(f"{path.relative_to(root)}\0".encode())
            told.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{prefix(part)}{told.hexdigest()[:SHORT]}"


def prefix(part: str) -> str:
    """What the keys of one cache have in common on machines of one kind, with one Python."""
    python = ".".join(platform.python_version_tuple()[:2])
    return f"rollback-{part}-{platform.system()}-{platform.machine()}-py{python}-".lower()


if __name__ == "__main__":
    for name in PARTS:
        sys.stdout.write(f"{name}={key(name)}\n{name}-prefix={prefix(name)}\n")
