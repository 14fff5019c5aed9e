"""One cluster for all tests that don't stop theirs, of the cluster itself, of the mesh and of the provider."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.catalogue import image_catalogue
from sandbox.cluster import launcher
from tests.sandbox.cluster.local_cluster import IMAGES, LocalCluster
from tests.support.scheduling import ends_with_folder
from toolchain.paths import cache
from toolchain.progress import Progress


@pytest.fixture(scope="session")
def binary() -> Path:
    return launcher.ensure(cache(), Progress(quiet=True))


@pytest.fixture(scope="session")
def cluster(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """In its registry are images that only behave, and those of the shelf, which really run beside a mesh."""
    running = LocalCluster(binary, tmp_path_factory.mktemp("cluster") / "cluster")
    running.folder.mkdir()
    running.images.write_text(json.dumps({**IMAGES, **image_catalogue()}))

    def end() -> None:
        if running.process and running.process.poll() is None:
            running.end(signal.SIGKILL)

    try:
        running.start()
        ends_with_folder(end)
        yield running
    finally:
        end()


@pytest.fixture
def namespace(cluster: LocalCluster) -> str:
    """A namespace of the test's own; left to end with the cluster, since deleting one takes five seconds."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    return name
