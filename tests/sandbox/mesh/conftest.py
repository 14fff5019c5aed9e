"""One gateway for all tests that don't stop theirs; each of its tests has a namespace and a host."""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.catalogue import image_catalogue
from sandbox.cluster import launcher
from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.sandbox.mesh.local_mesh import LocalMesh
from tests.sandbox.mesh.system import System
from tests.support.scheduling import ends_with_folder
from toolchain.paths import cache
from toolchain.progress import Progress


def make_cluster(folder: Path) -> LocalCluster:
    """A cluster, not started, in whose registry the images of the shelf are."""
    cluster = LocalCluster(launcher.ensure(cache(), Progress(quiet=True)), folder)
    folder.mkdir(parents=True)
    cluster.images.write_text(json.dumps(image_catalogue()))
    return cluster


@pytest.fixture(scope="session")
def mesh(cluster: LocalCluster) -> Iterator[LocalMesh]:
    made = LocalMesh(cluster.kubeconfig, cluster.folder.parent / "mesh")
    try:
        made.start()
        ends_with_folder(lambda: end(made.process))
        yield made
    finally:
        end(made.process)


@pytest.fixture
def new_mesh(tmp_path: Path) -> Iterator[Callable[[Path], LocalMesh]]:
    """Makes gateways that are gone after the test, whatever it did."""
    made: list[LocalMesh] = []

    def make(kubeconfig: Path) -> LocalMesh:
        made.append(LocalMesh(kubeconfig, tmp_path / f"mesh-{len(made)}"))
        return made[-1]

    yield make
    for each in made:
        end(each.process)


@pytest.fixture
def system(cluster: LocalCluster) -> System:
    return make_system(cluster)


def make_system(cluster: LocalCluster) -> System:
    """rag-api's namespace, still empty. It is left behind: the cluster is, too."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    return System(cluster, name, f"{name}.example.com")


def end(process: subprocess.Popen[bytes] | None) -> None:
    """Kill what still runs."""
    if process and process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
