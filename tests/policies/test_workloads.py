"""Workloads: probes, resources, rights, replicas, budgets, weights."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.subject import UNKNOWN, Resource
from tests.policies.cases import configured, make, said, said_of

DEPLOYMENT, JOB = "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job"
SCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
ROUTES, ALIAS = "kubernetes:networking.istio.io/v1:VirtualService", "aws:lambda/alias:Alias"
PROBE = {"httpGet": {"path": "/health", "port": 8000}}
GOOD = {
    "name": "app",
    "readinessProbe": PROBE,
    "livenessProbe": PROBE,
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    "securityContext": {"allowPrivilegeEscalation": False},
}
LABELS = {"app": "web", "track": "stable"}


def deployment(
    container: dict[str, Any] | None = None, *, replicas: Any = 3, labels: Any = LABELS, **pod: Any
) -> Resource:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{**GOOD, **(container or {})}], **pod}}
    spec = {"template": template} if replicas is None else {"replicas": replicas, "template": template}
    return make(DEPLOYMENT, "web", {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})


@pytest.mark.parametrize("policy", ["workload-probes", "workload-resources", "workload-unprivileged"])
def test_a_good_workload_passes_and_others_are_not_asked(policy: str) -> None:
    assert said(policy, deployment()) == []
    assert said(policy, make("kubernetes:core/v1:Service")) == []
    assert said(policy, make(DEPLOYMENT, props={"spec": UNKNOWN})) == []


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_each_probe_is_wanted(probe: str) -> None:
    assert said("workload-probes", deployment({probe: None})) == [f"web/app has no {probe}"]
    assert said("workload-probes", deployment({probe: UNKNOWN})) == []


def test_what_ends_by_itself_needs_no_probes() -> None:
    assert said("workload-probes", make(JOB, props={"spec": {"template": {"spec": {"containers": [{}]}}}})) == []
    assert said("workload-probes", deployment(initContainers=[{"name": "init"}])) == []


@pytest.mark.parametrize("what", ["cpu", "memory"])
def test_each_bound_is_wanted_and_a_limit_alone_is_a_request_too(what: str) -> None:
    rest = {name: "1Gi" for name in ("cpu", "memory") if name != what}
    without = {**GOOD["resources"], "limits": rest}  # type: ignore[dict-item]
    assert said("workload-resources", deployment({"resources": without})) == [f"web/app has no limits for {what}"]
    limited = {**GOOD["resources"], "requests": rest}  # type: ignore[dict-item]
    limited["limits"] = {"cpu": "2Gi", "memory": "2Gi"}
    assert said("workload-resources", deployment({"resources": limited})) == []
    assert len(said("workload-resources", deployment(initContainers=[{"name": "init"}]))) == 4


@pytest.mark.parametrize(
    "context",
    [
        {"privileged": True},
        {"allowPrivilegeEscalation": True},
        {},
        {"allowPrivilegeEscalation": False, "capabilities": {"add": ["SYS_ADMIN"]}},
    ],
)
def test_rights_over_the_node_are_found(context: dict[str, Any]) -> None:
    assert len(said("workload-unprivileged", deployment({"securityContext": context}))) == 1


@pytest.mark.parametrize("shared", ["hostNetwork", "hostPID", "hostIPC"])
def test_the_nodes_namespaces_are_not_shared(shared: str) -> None:
    on: dict[str, Any] = {shared: True}
    off: dict[str, Any] = {shared: False}
    assert len(said("workload-unprivileged", deployment(**on))) == 1
    assert said("workload-unprivileged", deployment(**off)) == []


def scaler(least: Any, target: Any = "web", **more: Any) -> Resource:
    spec = {"minReplicas": least, "scaleTargetRef": {"name": target}}
    return make(SCALER, "scaler", {"metadata": {"namespace": "shop"}, "spec": spec}, **more)


def test_enough_replicas_by_itself_or_by_its_autoscaler() -> None:
    assert said_of("workload-replicas", [deployment()]) == []
    assert said_of("workload-replicas", [deployment(replicas=None), scaler(3)]) == []
    assert said_of("workload-replicas", [deployment(replicas=UNKNOWN)]) == []
    assert said_of("workload-replicas", [make("kubernetes:core/v1:Service")]) == []
    preview = scaler(3, UNKNOWN, sources={"spec": ["web"]})
    assert said_of("workload-replicas", [deployment(replicas=None), preview]) == []


def test_too_few_replicas_are_found() -> None:
    assert "may run on 2 pods; at least 3" in said_of("workload-replicas", [deployment(replicas=2)])[0]
    assert "may run on 1 pods" in said_of("workload-replicas", [deployment(replicas=None)])[0]
    assert said_of("workload-replicas", [deployment(replicas=None), scaler(2)]) != []
    assert said_of("workload-replicas", [deployment(replicas=None), scaler(None)]) != []
    assert said_of("workload-replicas", [deployment(), scaler(1)]) != [], "the autoscaler may take pods away"
    assert said_of("workload-replicas", [deployment(replicas=None), scaler(5, "other")]) != []


@pytest.mark.parametrize("policy", ["workload-replicas", "workload-disruption-budget"])
def test_a_canary_and_what_is_scaled_to_nothing_are_meant_to_be_few(policy: str) -> None:
    canary = {"app": "web", "track": "canary"}
    assert said_of(policy, [deployment(replicas=1, labels=canary)]) == []
    assert said_of(policy, [deployment(replicas=0)]) == []
    assert said_of(policy, [deployment(replicas=1, labels=canary)], {"canary": {"role": "trial"}}) != []


@pytest.mark.parametrize("least", [0, 1_001])
def test_the_least_number_is_bounded(least: int) -> None:
    assert said_of("workload-replicas", [deployment(replicas=1)], {"minReplicas": 1}) == []
    with pytest.raises(ValidationError):
        configured("workload-replicas", {"minReplicas": least})


def budget(labels: Any = LABELS, namespace: str = "shop", **spec: Any) -> Resource:
    wanted = {"maxUnavailable": 1, "selector": {"matchLabels": labels}, **spec}
    return make(BUDGET, "budget", {"metadata": {"namespace": namespace}, "spec": wanted})


def test_a_budget_selects_the_pods_in_their_namespace() -> None:
    assert said_of("workload-disruption-budget", [deployment(), budget()]) == []
    assert said_of("workload-disruption-budget", [deployment(), budget({"app": "web"})]) == []
    assert said_of("workload-disruption-budget", [deployment(), budget({})]) == [], "an empty selector is everything"
    for wrong in ([], [budget({"app": "other"})], [budget(namespace="other")]):
        assert said_of("workload-disruption-budget", [deployment(), *wrong]) != []


@pytest.mark.parametrize("spec", [{"maxUnavailable": 0}, {"maxUnavailable": 0.0}, {"maxUnavailable": "0%"}])
def test_a_budget_that_lets_nothing_go_blocks_every_drain(spec: dict[str, Any]) -> None:
    (text,) = said_of("workload-disruption-budget", [deployment(), budget(**spec)])
    assert "drained" in text


def routes(*weights: int | None) -> Resource:
    route = [{"destination": {"host": "web"}, **({} if each is None else {"weight": each})} for each in weights]
    return make(ROUTES, "web", {"spec": {"http": [{"name": "split", "route": route}]}})


@given(st.lists(st.integers(0, 100), min_size=2, max_size=6))
def test_the_weights_of_a_split_add_up_to_100(weights: list[int]) -> None:
    found = said("traffic-weights", routes(*weights))
    assert (found == []) is (sum(weights) == 100)
    rest = 100 - sum(weights[:-1])
    if rest >= 0:
        assert said("traffic-weights", routes(*weights[:-1], rest)) == []


def test_a_single_destination_needs_no_weight() -> None:
    assert said("traffic-weights", routes(None)) == []
    assert said("traffic-weights", routes(100)) == []
    assert said("traffic-weights", routes(90)) != []
    assert said("traffic-weights", routes(None, None)) != []
    assert said("traffic-weights", make(ROUTES, props={"spec": {"http": [{"redirect": {}}]}})) == []
    assert said("traffic-weights", make(ROUTES, props={"spec": UNKNOWN})) == []


@given(st.dictionaries(st.text("123456789", min_size=1, max_size=3), st.floats(0, 1), max_size=3))
def test_the_weights_of_an_alias_leave_something_for_its_own_version(weights: dict[str, float]) -> None:
    alias = make(ALIAS, props={"routingConfig": {"additionalVersionWeights": weights}})
    assert (said("traffic-weights", alias) == []) is (round(sum(weights.values()), 6) <= 1)
