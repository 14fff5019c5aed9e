"""Clusters for the tests that kill theirs; the others share one (``tests/sandbox/conftest.py``)."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.cluster.local_cluster import LocalCluster


@pytest.fixture
def new_cluster(binary: Path, tmp_path: Path) -> Iterator[Callable[[], LocalCluster]]:
    """Makes clusters that are gone after the test, whatever it did."""
    made: list[LocalCluster] = []

    def make() -> LocalCluster:
        made.append(LocalCluster(binary, tmp_path / f"cluster-{len(made)}"))
        return made[-1]

    yield make
    for each in made:
        if each.process and each.process.poll() is None:
            each.end(signal.SIGKILL)
