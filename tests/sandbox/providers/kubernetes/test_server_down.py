"""A cluster that does not answer, or must not be touched, is one clear line at once."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
import yaml

from sandbox.paths import free_ports
from sandbox.providers.kubernetes.errors import UnreachableError
from sandbox.providers.kubernetes.lifecycle import Lifecycle
from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.plugin import InitFailedError
from sandbox.providers.protocol import provider_pb2 as pb
from sandbox.providers.wire import UNKNOWN
from tests.sandbox.providers.kubernetes.driver import Driver


def config(server: str) -> str:
    return yaml.safe_dump(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
        }
    )


def test_nobody_answers(fresh_driver: Driver) -> None:
    server = f"http://127.0.0.1:{free_ports(1)[0]}"
    began = time.monotonic()
    with pytest.raises(RuntimeError) as caught:
        fresh_driver.configure(kubeconfig=config(server))
    assert time.monotonic() - began < 3
    assert str(caught.value) == f"the sandbox cluster at {server} does not answer; start it with make up"


def test_another_machine(fresh_driver: Driver) -> None:
    with pytest.raises(RuntimeError, match="only serves a cluster on this machine"):
        fresh_driver.configure(kubeconfig=config("https://10.1.2.3:6443"))


class Vanishing:
    """A cluster that goes down right after it has taken an object."""

    def create(self, urn: str, inputs: dict[str, Any]) -> tuple[None, dict[str, Any]]:
        return None, {**inputs, "metadata": {"name": "a", "namespace": "default", "uid": "u-1"}}

    def ready(self, *_: object) -> dict[str, Any]:
        raise UnreachableError("the sandbox cluster does not answer")


def test_an_object_made_before_the_cluster_went_down_is_not_lost() -> None:
    provider = KubernetesProvider()
    provider._lifecycle = cast(Lifecycle, Vanishing())
    request = pb.CreateRequest(urn="urn:pulumi:dev::rag::kubernetes:core/v1:ConfigMap::a")
    with pytest.raises(InitFailedError) as caught:
        KubernetesProvider.Create.__wrapped__(provider, request, None)  # type: ignore[attr-defined]
    assert caught.value.details.id == "default/a"
    assert list(caught.value.details.reasons) == ["the sandbox cluster does not answer"]


def test_a_kubeconfig_that_a_preview_does_not_know_yet(fresh_driver: Driver) -> None:
    fresh_driver.configure(kubeconfig=UNKNOWN)
    shown = fresh_driver.previewed("core/v1:ConfigMap", "a", {"data": {"k": "v"}})
    assert shown["data"] == {"k": "v"}
    with pytest.raises(RuntimeError, match="kubeconfig is not known yet"):
        fresh_driver.read("core/v1:ConfigMap", "a", "default/a")
