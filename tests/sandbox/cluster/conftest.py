"""One cluster for all tests that do not kill theirs; each of its tests has a namespace of its own."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.cluster import launcher
from sandbox.paths import cache
from sandbox.toolchain.progress import Progress
from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.support.scheduling import ends_with_folder


@pytest.fixture(scope="session")
def binary() -> Path:
    return launcher.ensure(cache(), Progress(quiet=True))


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


@pytest.fixture(scope="session")
def shared_cluster(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    cluster = LocalCluster(binary, tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        ends_with_folder(lambda: cluster.end(signal.SIGKILL))
        yield cluster
    finally:
        if cluster.process and cluster.process.poll() is None:
            cluster.end(signal.SIGKILL)


@pytest.fixture
def namespace(shared_cluster: LocalCluster) -> str:
    """A new namespace. It is left behind: the cluster is, too."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    shared_cluster.kubectl("create", "namespace", name)
    return name
