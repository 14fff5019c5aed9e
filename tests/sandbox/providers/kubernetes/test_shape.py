"""Drift is looked for in what the program set, and an import takes over what people and tools have set."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.providers.kubernetes import ownership
from sandbox.providers.kubernetes.difference import compare
from sandbox.providers.kubernetes.shape import inputs_of, keep_live, live_inputs

INPUTS: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "api", "namespace": "prod", "labels": {"app": "api"}},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "api"}},
        "template": {
            "metadata": {"labels": {"app": "api"}, "annotations": {}},
            "spec": {
                "containers": [
                    {
                        "name": "api",
                        "image": "app:1",
                        "args": ["serve"],
                        "env": [{"name": "A", "value": "1"}],
                        "resources": {"limits": {"cpu": "1000m"}},
                    }
                ]
            },
        },
    },
}


def as_served() -> dict[str, Any]:
    """What an API server makes of the inputs: defaults, status, other spelling of quantities, a sidecar put first."""
    live = copy.deepcopy(INPUTS)
    live["metadata"].update(uid="u-1", resourceVersion="7", generation=2, annotations={"x": "y"})
    live["metadata"]["managedFields"] = [
        {
            "manager": "kubectl-client-side-apply",
            "operation": "Update",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:replicas": {},
                    "f:template": {
                        "f:spec": {"f:containers": {'k:{"name":"api"}': {".": {}, "f:name": {}, "f:image": {}}}}
                    },
                },
            },
        },
        {
            "manager": "kube-controller-manager",
            "operation": "Update",
            "fieldsV1": {"f:metadata": {"f:annotations": {}}},
        },
        {
            "manager": "hpa",
            "operation": "Update",
            "subresource": "scale",
            "fieldsV1": {"f:spec": {"f:revisionHistoryLimit": {}}},
        },
    ]
    live["status"] = {"replicas": 3}
    live["spec"].update(revisionHistoryLimit=10, strategy={"type": "RollingUpdate"})
    template = live["spec"]["template"]
    del template["metadata"]["annotations"]
    containers = template["spec"]["containers"]
    containers[0]["resources"]["limits"]["cpu"] = "1"
    containers[0]["imagePullPolicy"] = "IfNotPresent"
    containers[0]["env"].append({"name": "INJECTED", "value": "x"})
    containers.insert(0, {"name": "proxy", "image": "proxy:1"})
    return live


def test_defaults_and_injected_items_are_no_drift() -> None:
    assert live_inputs(INPUTS, as_served()) == INPUTS


def test_a_change_by_hand_is_drift_at_its_path() -> None:
    live = as_served()
    live["spec"]["replicas"] = 5
    live["spec"]["template"]["spec"]["containers"][1]["image"] = "app:2"
    live["spec"]["template"]["spec"]["containers"][1]["args"] += ["--debug"]
    del live["metadata"]["labels"]["app"]
    seen = live_inputs(INPUTS, live)
    assert {item.text: item.change for item in compare(seen, INPUTS)} == {
        "metadata.labels.app": "add",
        "spec.replicas": "update",
        "spec.template.spec.containers[0].image": "update",
        "spec.template.spec.containers[0].args[1]": "delete",
    }


def test_replicas_that_the_program_leaves_out_are_nobody_s_drift() -> None:
    inputs = copy.deepcopy(INPUTS)
    del inputs["spec"]["replicas"]
    live = as_served()
    live["spec"]["replicas"] = 9
    assert live_inputs(inputs, live) == inputs


def test_string_data_is_compared_with_what_became_of_it() -> None:
    inputs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": "old"}}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"p": "b2xk"}}
    assert live_inputs(inputs, live) == inputs
    assert live_inputs(inputs, {**live, "data": {"p": "bmV3"}})["stringData"] == {"p": "new"}
    assert live_inputs(inputs, {**live, "data": {}})["stringData"] == {}


def test_ignored_paths_keep_the_live_value() -> None:
    live = as_served()
    live["spec"]["replicas"] = 9
    live["spec"]["template"]["spec"]["containers"] = [{"name": "api", "image": "app:9"}]
    image = ("spec", "template", "spec", "containers", "*", "image")
    kept = keep_live(keep_live(INPUTS, live, ("spec", "replicas")), live, image)
    assert kept["spec"]["replicas"] == 9
    assert kept["spec"]["template"]["spec"]["containers"][0]["image"] == "app:9"
    assert kept["spec"]["template"]["spec"]["containers"][0]["args"] == ["serve"]
    assert "x" not in keep_live({"x": 1, "y": 2}, {"y": 2}, ("x",))
    assert INPUTS["spec"]["replicas"] == 3


def test_an_import_takes_what_people_have_set() -> None:
    assert inputs_of(as_served()) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "prod", "labels": {"app": "api"}},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "api", "image": "app:1"}]}}},
    }


def test_an_import_without_managers_takes_all_but_the_server_s_own() -> None:
    live = as_served()
    del live["metadata"]["managedFields"]
    found = inputs_of(live)
    assert "status" not in found
    assert set(found["metadata"]) == {"name", "namespace", "labels", "annotations"}


def test_what_kubectl_changed_is_taken_over_and_subresources_are_not() -> None:
    live = as_served()
    ours = {"manager": "pulumi-kubernetes-1", "operation": "Apply", "fieldsV1": {"f:spec": {"f:paused": {}}}}
    live["metadata"]["managedFields"].append(ours)
    merged = ownership.merged(live, "pulumi-kubernetes-1")
    assert merged is not None
    assert [entry["manager"] for entry in merged] == ["kube-controller-manager", "hpa", "pulumi-kubernetes-1"]
    assert set(merged[-1]["fieldsV1"]["f:spec"]) == {"f:paused", "f:replicas", "f:template"}
    live["metadata"]["managedFields"] = [ours]
    assert ownership.merged(live, "pulumi-kubernetes-1") is None


def test_leaving_out_a_field_counts_only_when_it_was_ours() -> None:
    live = as_served()
    live["metadata"]["managedFields"].append(
        {
            "manager": "pulumi-kubernetes-1",
            "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:replicas": {}, "f:template": {"f:metadata": {}}}},
        }
    )
    assert ownership.owns(live, "pulumi-kubernetes-1", ("spec", "replicas"))
    assert ownership.owns(live, "pulumi-kubernetes-1", ("spec", "template", "metadata", "labels"))
    assert not ownership.owns(live, "pulumi-kubernetes-1", ("spec", "strategy"))
    assert not ownership.owns(live, "somebody-else", ("spec", "replicas"))
    assert ownership.owns({"metadata": {}}, "anybody", ("spec", "replicas"))
