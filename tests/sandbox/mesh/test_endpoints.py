"""Which pods are behind a destination."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.mesh.endpoints import Endpoints, Upstream, subsets, workload
from sandbox.mesh.metrics import Metrics
from sandbox.mesh.model import Destination
from tests.sandbox.mesh.objects import destination_rule, pod, service


def find(pods: list[dict[str, Any]], destination: dict[str, Any], *services: dict[str, Any]) -> Upstream | None:
    rules = [destination_rule(canary={"track": "canary"}, stable={"track": "stable"})]
    known = Endpoints(services or [service()], subsets(rules), pods)
    return known.find(Destination.model_validate(destination), "production")


def names(upstream: Upstream | None) -> list[str]:
    assert upstream is not None
    return [each.pod["metadata"]["name"] for each in upstream.targets]


def test_ready_pods_that_the_service_and_the_subset_select() -> None:
    leaving = pod("leaving")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    finished = pod("finished")
    finished["status"]["phase"] = "Succeeded"
    pods = [
        pod("b", app="api", track="stable"),
        pod("a", app="api", track="stable"),
        pod("c", app="api", track="canary"),
        pod("unready", ready=False),
        pod("other", app="web"),
        pod("elsewhere", namespace="staging"),
        leaving,
        finished,
    ]
    assert names(find(pods, {"host": "api"})) == ["a", "b", "c"]
    assert names(find(pods, {"host": "api", "subset": "stable"})) == ["a", "b"]
    assert names(find(pods, {"host": "api.production.svc.cluster.local", "subset": "canary"})) == ["c"]
    assert names(find([], {"host": "api", "subset": "canary"})) == []


@pytest.mark.parametrize(
    "destination",
    [
        {"host": "web"},
        {"host": "api.staging.svc.cluster.local"},
        {"host": "api.example.com"},
        {"host": "api", "subset": "blue"},
        {"host": "api", "port": {"number": 81}},
    ],
)
def test_what_does_not_exist(destination: dict[str, Any]) -> None:
    assert find([pod("a")], destination) is None


def test_a_service_that_selects_nothing_has_no_pods() -> None:
    bare = service()
    bare["spec"]["selector"] = None
    assert names(find([pod("a")], {"host": "api"}, bare)) == []


@pytest.mark.parametrize(("target", "expected"), [(8000, [8000]), ("http", [8000]), ("grpc", []), (9000, [9000])])
def test_the_target_port_may_have_a_name(target: int | str, expected: list[int]) -> None:
    upstream = find([pod("a")], {"host": "api", "port": {"number": 80}}, service(target=target))
    assert upstream is not None
    assert [each.port for each in upstream.targets] == expected


def owned(kind: str, name: str) -> dict[str, Any]:
    made = pod("api-5cff45d4f6-x2x")
    made["metadata"]["labels"]["pod-template-hash"] = "5cff45d4f6"
    made["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "uid": "u", "controller": True}]
    return made


def test_workloads() -> None:
    assert workload(owned("ReplicaSet", "api-canary-5cff45d4f6")) == "api-canary"
    assert workload(owned("StatefulSet", "api")) == "api"
    assert workload(pod("alone")) == "alone"


def test_a_request_is_counted_for_its_workload_code_and_duration() -> None:
    meter = Metrics()
    upstream = find([pod("a")], {"host": "api"})
    meter.count(upstream, owned("ReplicaSet", "api-canary-5cff45d4f6"), 200, "-", 260.0)
    meter.count(upstream, None, 503, "UH", 0.2)
    meter.count(None, None, 404, "NR", 0.1)
    lines = meter.text().decode().splitlines()

    def value(name: str, *labels: str) -> float:
        (line,) = [each for each in lines if each.startswith(f"{name}{{") and all(label in each for label in labels)]
        return float(line.rpartition(" ")[2])

    canary = 'destination_workload="api-canary"'
    assert value("istio_requests_total", canary, 'response_code="200"', 'destination_app="api"') == 1
    assert value("istio_request_duration_milliseconds_bucket", canary, 'le="250.0"') == 0
    assert value("istio_request_duration_milliseconds_bucket", canary, 'le="500.0"') == 1
    refused = 'destination_service="api.production.svc.cluster.local"'
    assert value("istio_requests_total", refused, 'destination_workload="unknown"', 'response_flags="UH"') == 1
    assert value("istio_requests_total", 'destination_service="unknown"', 'response_code="404"') == 1
