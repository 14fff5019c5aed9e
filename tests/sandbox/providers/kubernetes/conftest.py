"""The provider in front of the cluster that the tests of the sandbox share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import grpc
import pytest

from sandbox.providers import plugin
from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.protocol import provider_pb2_grpc
from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.sandbox.providers.kubernetes.driver import Driver


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
