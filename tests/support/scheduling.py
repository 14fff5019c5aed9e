"""Which worker runs which test: a folder's tests stay together, and the longest folders begin.

The fixtures that cost most (a sandbox with prod deployed: 50 s of a core) belong to a folder. One worker that keeps
them beats two that make them twice. What begins last must be short, or the other workers wait for it: with two,
folders in the order of their names took 547 s where their tests took 2 times 505 (2026-11-26).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    ("tests/components", "tests/policies", "tests/cli", "tests/stacks"),
    ("tests/sandbox/cluster", "tests/sandbox/mesh", "tests/sandbox/providers"),
)
"""Folders that share something: what the program declares under mocks (``tests.components.mocked.run_program``), and
one cluster (``tests/sandbox/conftest.py``)."""
LONGEST = (
    "tests/project",
    "tests/guard",
    "tests/components",
    "tests/sandbox/account",
    "tests/apps",
    "tests/sandbox/cluster",
    "tests/sandbox/host",
)
"""Take more than 50 s each, the longest first."""
DEEP = "tests/sandbox"
"""Its folders have servers of their own."""


def group(nodeid: str) -> str:
    """The folder that a test belongs to: two levels deep, three below ``tests/sandbox``."""
    folder = PurePosixPath(nodeid.partition("::")[0]).parent
    found = "/".join(folder.parts[: 3 if folder.is_relative_to(DEEP) else 2])
    return next((folders[0] for folders in TOGETHER if found in folders), found)


class Folders(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out folders instead of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of the longest folders first."""
    ranks = {folder: rank for rank, folder in enumerate(LONGEST)}
    return sorted(items, key=lambda item: ranks.get(group(item.nodeid), len(ranks)))


_endings: list[Callable[[], object]] = []


def ends_with_folder(stop: Callable[[], object]) -> None:
    """Have a server of a session's fixture stopped after its folder's last test: idle clusters cost 5 % of a core each.

    ``stop`` is called again, or finds nothing to do, when the fixture itself ends.
    """
    _endings.append(stop)


def ended(item: pytest.Item, following: pytest.Item | None) -> None:
    """Stop what ends with the folder if ``item`` was its last test."""
    if following is None or group(following.nodeid) != group(item.nodeid):
        while _endings:
            _endings.pop()()
