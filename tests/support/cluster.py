"""A namespace as a whole, in a form in which two points in time can be compared."""

from __future__ import annotations

import json
from typing import Any

from kubernetes import client, config, dynamic

PASSING = ("Event", "Lease", "EndpointSlice", "Endpoints", "Pod", "ControllerRevision")
"""Kinds that name single pods or moments: every rollout makes new ones. Pods are compared by what they run."""

COUNTERS = (
    "resourceVersion",
    "generation",
    "observedGeneration",
    "managedFields",
    "creationTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastScaleTime",
    "lastHeartbeatTime",
    "message",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "terminatingReplicas",
)
"""Fields that count or time changes instead of saying what is."""


def snapshot(kubeconfig: str, namespace: str) -> dict[str, Any]:
    """Every object of a namespace, of every kind that the cluster knows, uids included; and what its pods run."""
    api = dynamic.DynamicClient(config.new_client_from_config(kubeconfig))
    found: dict[str, Any] = {}
    for resource in api.resources.search(namespaced=True):
        if "list" not in (resource.verbs or []) or resource.kind in PASSING or resource.kind.endswith("List"):
            continue
        for item in api.get(resource, namespace=namespace).items:
            entry = _without_counters(item.to_dict())
            found[f"{resource.group_version}/{resource.kind}/{item.metadata.name}"] = entry
    found["pods"] = sorted(_runs(pod) for pod in client.CoreV1Api(api.client).list_namespaced_pod(namespace).items)
    return found


def replica_sets(kubeconfig: str, namespace: str, track: str = "stable") -> dict[str, int]:
    """ReplicaSets by name, with the pods each wants."""
    api = client.AppsV1Api(config.new_client_from_config(kubeconfig))
    items = api.list_namespaced_replica_set(namespace, label_selector=f"track={track}").items
    return {item.metadata.name: item.spec.replicas for item in items}


def _runs(pod: Any) -> str:
    """What a pod is and runs; where it runs is the scheduler's choice."""
    labels = {key: pod.metadata.labels[key] for key in ("app", "track", "pod-template-hash")}
    return json.dumps([labels, [each.image for each in pod.spec.containers]], sort_keys=True)


def _without_counters(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_counters(each) for key, each in value.items() if key not in COUNTERS}
        if "conditions" in kept:  # the one that changed last comes last
            kept["conditions"] = sorted(kept["conditions"] or [], key=lambda each: str(each.get("type")))
        return kept
    if isinstance(value, list):
        return [_without_counters(each) for each in value]
    return value
