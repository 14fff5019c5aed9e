"""Which worker runs which test: a folder's tests stay together, and the longest folder begins.

The fixtures that cost most (a sandbox with prod deployed: 50 s of a core) belong to a folder. One worker that keeps
them beats two that make them twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/components", "tests/policies", "tests/scripts", "tests/stacks")
"""Run the program with mocks, and share what it declared (``tests.components.mocked.run_program``)."""
FIRST = "tests/project"
"""Runs as long as all the others together, so it must not begin last."""
DEEP = "tests/sandbox"
"""Its folders have servers of their own."""


def group(nodeid: str) -> str:
    """The folder that a test belongs to: two levels deep, three below ``tests/sandbox``."""
    folder = PurePosixPath(nodeid.partition("::")[0]).parent
    found = "/".join(folder.parts[: 3 if folder.is_relative_to(DEEP) else 2])
    return TOGETHER[0] if found in TOGETHER else found


class Folders(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out folders instead of files."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The same tests, those of the longest folder first."""
    return sorted(items, key=lambda item: group(item.nodeid) != FIRST)


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
