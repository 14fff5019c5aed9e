"""Only real changes are differences, each at its path, and those that need a replacement are known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.kubernetes import quantities
from sandbox.providers.kubernetes.difference import compare, covers, parse_path, path_text
from sandbox.providers.kubernetes.replacement import forcing


def deployment(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": spec}


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def pods(*containers: dict[str, Any]) -> dict[str, Any]:
    return deployment(template={"spec": {"containers": list(containers)}})


def changes(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    return {item.text: item.change for item in compare(old, new)}


@pytest.mark.parametrize(
    ("one", "other"),
    [("1000m", "1"), ("1", 1), ("1Gi", "1024Mi"), ("0.5", "500m"), ("1e3", "1k"), ("2M", "2000k")],
)
def test_quantities_that_mean_the_same_are_no_change(one: Any, other: Any) -> None:
    old = pods(container("api", resources={"limits": {"cpu": one}}))
    assert compare(old, pods(container("api", resources={"limits": {"cpu": other}}))) == []


def test_quantities_count_only_where_the_api_has_them() -> None:
    old = pods(container("api", env=[{"name": "CPU", "value": "1000m"}]))
    assert changes(old, pods(container("api", env=[{"name": "CPU", "value": "1"}]))) == {
        "spec.template.spec.containers[0].env[0].value": "update"
    }
    assert quantities.amount("not a number") is None
    assert quantities.amount(True) is None


def test_the_paths_of_changes() -> None:
    old = pods(container("api", image="a:1"), container("side", image="s:1"))
    old["metadata"]["labels"] = {"app.kubernetes.io/name": "api", "plain": "1"}
    new = pods(container("api", image="a:2"))
    new["metadata"]["labels"] = {"app.kubernetes.io/name": "new", "extra": "1"}
    assert changes(old, new) == {
        'metadata.labels["app.kubernetes.io/name"]': "update",
        "metadata.labels.plain": "delete",
        "metadata.labels.extra": "add",
        "spec.template.spec.containers[0].image": "update",
        "spec.template.spec.containers[1]": "delete",
    }


def test_an_item_put_first_in_a_merged_list_is_one_addition() -> None:
    one, two = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}
    assert changes(pods(container("api", env=[two])), pods(container("api", env=[one, two]))) == {
        "spec.template.spec.containers[0].env[0]": "add"
    }
    assert changes(pods(container("api", env=[one, two])), pods(container("api", env=[two, one]))) != {}


def test_lists_of_custom_kinds_are_compared_in_order() -> None:
    def routes(*hosts: str) -> dict[str, Any]:
        return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "spec": {"hosts": list(hosts)}}

    assert changes(routes("a", "b"), routes("b")) == {"spec.hosts[0]": "update", "spec.hosts[1]": "delete"}


def test_nothing_and_left_out_are_the_same() -> None:
    assert compare(deployment(replicas=1, paused=None), deployment(replicas=1)) == []


@given(st.lists(st.text(min_size=1) | st.integers(0, 9), min_size=1).map(tuple))
def test_paths_survive_their_notation(path: tuple[str | int, ...]) -> None:
    assert parse_path(path_text(path)) == path


def test_ignore_patterns_cover_what_is_below_them() -> None:
    path = ("spec", "template", "spec", "containers", 0, "image")
    assert covers(parse_path("spec.template.spec.containers[*].image"), path)
    assert covers(parse_path("spec.template"), path)
    assert not covers(parse_path("spec.replicas"), path)


def thing(api_version: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "a"}, **fields}


def forced(old: dict[str, Any], new: dict[str, Any], **flags: bool) -> list[str]:
    return [item.text for item in forcing(new, compare(old, new), **flags)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            thing("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "a"}}}),
            thing("apps/v1", "Deployment", spec={"selector": {"matchLabels": {"app": "b"}}}),
            ["spec.selector.matchLabels.app"],
        ),
        (
            thing("apps/v1", "Deployment", spec={"replicas": 1}),
            thing("apps/v1", "Deployment", spec={"replicas": 2}),
            [],
        ),
        (
            thing("v1", "Service", spec={"clusterIP": "None"}),
            thing("v1", "Service", spec={"type": "ClusterIP"}),
            ["spec.clusterIP"],
        ),
        (
            thing("v1", "Service", spec={"type": "ClusterIP"}),
            thing("v1", "Service", spec={"type": "LoadBalancer"}),
            [],
        ),
        (
            thing("batch/v1", "Job", spec={"template": {"spec": {"restartPolicy": "Never"}}}),
            thing("batch/v1", "Job", spec={"template": {"spec": {"restartPolicy": "OnFailure"}}}),
            ["spec.template.spec.restartPolicy"],
        ),
        (
            thing("v1", "Pod", spec={"containers": [{"name": "a", "image": "1"}]}),
            thing("v1", "Pod", spec={"containers": [{"name": "a", "image": "2"}]}),
            ["spec.containers[0].image"],
        ),
        (
            thing("v1", "PersistentVolumeClaim", spec={"storageClassName": "a", "resources": {"requests": {}}}),
            thing("v1", "PersistentVolumeClaim", spec={"storageClassName": "b"}),
            ["spec.storageClassName"],
        ),
        (
            thing("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef={"name": "a"}),
            thing("rbac.authorization.k8s.io/v1", "RoleBinding", roleRef={"name": "b"}),
            ["roleRef.name"],
        ),
        (
            thing("storage.k8s.io/v1", "StorageClass", provisioner="a"),
            thing("storage.k8s.io/v1", "StorageClass", provisioner="b"),
            ["provisioner"],
        ),
        (
            thing("networking.istio.io/v1", "VirtualService", metadata={"name": "a"}),
            thing("networking.istio.io/v1", "VirtualService", metadata={"name": "b"}),
            ["metadata.name"],
        ),
    ],
)
def test_what_forces_a_replacement(old: dict[str, Any], new: dict[str, Any], expected: list[str]) -> None:
    assert forced(old, new) == expected


@pytest.mark.parametrize(("kind", "flag"), [("ConfigMap", "config_map_mutable"), ("Secret", "secret_mutable")])
def test_data_is_replaced_unless_the_provider_says_mutable(kind: str, flag: str) -> None:
    old, new = thing("v1", kind, data={"k": "1"}), thing("v1", kind, data={"k": "2"})
    assert forced(old, new) == ["data.k"]
    assert forced(old, new, **{flag: True}) == []
    assert forced({**old, "immutable": True}, {**new, "immutable": True}, **{flag: True}) == ["data.k"]
    assert forced(thing("v1", kind), new) == ["data"]
