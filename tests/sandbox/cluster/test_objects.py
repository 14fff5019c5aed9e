"""What the API holds and enforces apart from pods."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.cluster.local_cluster import LocalCluster, deployment, wait_until

pytestmark = pytest.mark.sandbox


def virtual_service(weight: Any) -> dict[str, Any]:
    routes = [{"destination": {"host": "api", "subset": "stable"}, "weight": weight}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "api"},
        "spec": {"hosts": ["api"], "http": [{"route": routes}]},
    }


def test_istio_objects_are_stored_and_bad_ones_refused(cluster: LocalCluster, namespace: str) -> None:
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "api"},
        "spec": {"host": "api", "subsets": [{"name": "stable", "labels": {"track": "stable"}}]},
    }
    cluster.kubectl("apply", "-n", namespace, "--server-side", "-f", "-", stdin=[virtual_service(90), rule])
    stored = cluster.get("virtualservice", "api", "-n", namespace)
    assert stored["spec"]["http"][0]["route"][0]["weight"] == 90
    assert cluster.get("destinationrule", "api", "-n", namespace)["spec"]["host"] == "api"

    refused = cluster.try_kubectl("apply", "-n", namespace, "--server-side", "-f", "-", stdin=[virtual_service("most")])
    assert refused.returncode != 0
    assert "weight" in refused.stderr


def test_an_autoscaler_keeps_its_minimum_and_a_budget_is_computed(cluster: LocalCluster, namespace: str) -> None:
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "api"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
            "minReplicas": 5,
            "maxReplicas": 9,
        },
    }
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "api"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "api"}}},
    }
    cluster.kubectl(
        "apply", "-n", namespace, "-f", "-", stdin=[deployment("api", "example.test/app:1", 2), autoscaler, budget]
    )
    cluster.kubectl("-n", namespace, "rollout", "status", "deployment/api", "--timeout=30s")
    wait_until(
        "the autoscaler keeps its minimum",
        lambda: cluster.get("deployment", "api", "-n", namespace)["spec"]["replicas"] == 5,
    )
    wait_until(
        "the budget counts the pods",
        lambda: cluster.get("pdb", "api", "-n", namespace).get("status", {}).get("disruptionsAllowed") == 4,
    )


def test_an_admission_policy_protects_what_it_matches(cluster: LocalCluster, namespace: str) -> None:
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": namespace},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["configmaps"]}
                ]
            },
            "validations": [{"expression": "oldObject.metadata.name != 'kept'", "message": "kept stays"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": namespace},
        "spec": {
            "policyName": namespace,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}},
        },
    }
    cluster.kubectl("apply", "-f", "-", stdin=[policy, binding])
    cluster.kubectl("-n", namespace, "create", "configmap", "kept")

    def denied() -> bool:
        done = cluster.try_kubectl("-n", namespace, "delete", "configmap", "kept", "--dry-run=server")
        return "kept stays" in done.stderr

    wait_until("the policy is in force", denied)
    cluster.kubectl("delete", "validatingadmissionpolicybinding", namespace)
    cluster.kubectl("delete", "validatingadmissionpolicy", namespace)


def test_a_load_balancer_gets_an_address_and_a_service_its_endpoints(cluster: LocalCluster, namespace: str) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "api"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    objects = [service, deployment("api", "example.test/app:1", 2)]
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=objects)
    wait_until(
        "an address",
        lambda: cluster.get("svc", "api", "-n", namespace)["status"]["loadBalancer"].get("ingress"),
    )

    def ready_endpoints() -> int:
        slices = cluster.get("endpointslices", "-n", namespace)["items"]
        return sum(bool(each["conditions"].get("ready")) for one in slices for each in one["endpoints"] or [])

    wait_until("two endpoints", lambda: ready_endpoints() == 2)


@pytest.mark.long
def test_a_namespace_goes_with_everything_in_it(cluster: LocalCluster, namespace: str) -> None:
    objects = [deployment("api", "example.test/app:1", 2), virtual_service(100)]
    cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=objects)
    cluster.kubectl("-n", namespace, "rollout", "status", "deployment/api", "--timeout=30s")
    cluster.kubectl("delete", "namespace", namespace, "--timeout=60s")
    assert cluster.try_kubectl("get", "namespace", namespace).returncode != 0


def test_versions_and_nodes(cluster: LocalCluster) -> None:
    assert "Server Version: v1.36" in cluster.kubectl("version")
    nodes = cluster.get("nodes")["items"]
    assert len(nodes) == 3
    for node in nodes:
        conditions = {each["type"]: each["status"] for each in node["status"]["conditions"]}
        assert conditions["Ready"] == "True"
        assert not node["spec"].get("taints")
