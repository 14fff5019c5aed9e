"""One cluster for the whole folder, with the provider in front of it."""

from __future__ import annotations

import contextlib
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from sandbox.cluster import launcher
from sandbox.paths import cache
from sandbox.providers import plugin
from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.protocol import provider_pb2_grpc
from sandbox.toolchain.progress import Progress
from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.sandbox.providers.kubernetes.driver import Driver
from tests.support.scheduling import ends_with_folder


@pytest.fixture(scope="session")
def binary() -> Path:
    return launcher.ensure(cache(), Progress(quiet=True))


@pytest.fixture(scope="session")
def cluster(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    running = LocalCluster(binary, tmp_path_factory.mktemp("cluster"))
    try:
        running.start()
        ends_with_folder(lambda: running.end(signal.SIGTERM))
        yield running
    finally:
        if running.process and running.process.poll() is None:
            running.end(signal.SIGTERM)


@contextlib.contextmanager
def serving() -> Iterator[Driver]:
    server, port = plugin.start(KubernetesProvider())
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Driver(provider_pb2_grpc.ResourceProviderStub(channel))
    finally:
        server.stop(None)


@pytest.fixture(scope="session")
def driver(cluster: LocalCluster) -> Iterator[Driver]:
    with serving() as made:
        made.configure(kubeconfig=str(cluster.kubeconfig))
        yield made


@pytest.fixture
def fresh_driver() -> Iterator[Driver]:
    """In front of a provider that no cluster was given yet."""
    with serving() as made:
        yield made


@pytest.fixture
def namespace(cluster: LocalCluster) -> str:
    """A namespace of the test's own; left to end with the cluster, since deleting one takes five seconds."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    return name
