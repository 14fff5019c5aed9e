"""Readiness of Deployments, StatefulSets, DaemonSets, Jobs and Pods.

Source: Kubernetes documentation, "Deployments" (Deployment status, progressDeadlineSeconds), "StatefulSets", "Jobs",
"Pod Lifecycle"; the same figures that ``kubectl rollout status`` looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.kubernetes.readiness.verdict import READY, Verdict, condition, observed


def deployment(thing: Mapping[str, Any]) -> Verdict:
    """Rolled out: every replica is of the newest template and available, and none of an older one is left."""
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    progressing = condition(thing, "Progressing")
    if not observed(thing):
        return Verdict(False, "Waiting for the Deployment controller to see the change")
    if spec.get("paused"):
        return Verdict(True, warning="the Deployment is paused: its new template is not rolled out")
    updated, available = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    total = int(status.get("replicas") or 0)
    failed = progressing.get("status") == "False"
    new = _new(updated, total, available)
    if updated < wanted or new < wanted:
        figures = f"{new}/{wanted} Pods available"
        return Verdict(False, f"Waiting for app ReplicaSet to be available ({figures})", figures, failed)
    if total > updated:
        return Verdict(False, f"Waiting for {total - updated} Pods of the old ReplicaSet to go", failed=failed)
    return READY


def _new(updated: int, total: int, available: int) -> int:
    # The status counts availability over all ReplicaSets: the old Pods still running are not the new one's.
    return min(updated, max(0, available - max(0, total - updated)))


def stateful_set(thing: Mapping[str, Any]) -> Verdict:
    """Every replica ready and of the newest revision (or of the part that a partition lets through)."""
    spec, status = thing.get("spec") or {}, thing.get("status") or {}
    wanted = int(spec.get("replicas", 1))
    if not observed(thing):
        return Verdict(False, "Waiting for the StatefulSet controller to see the change")
    ready, updated = int(status.get("readyReplicas") or 0), int(status.get("updatedReplicas") or 0)
    if ready < wanted or int(status.get("replicas") or 0) > wanted:
        return Verdict(False, f"Waiting for StatefulSet Pods to be ready ({ready}/{wanted} Pods ready)")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return READY
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if status.get("updateRevision") != status.get("currentRevision") and updated < wanted - partition:
        return Verdict(False, f"Waiting for StatefulSet Pods to be updated ({updated}/{wanted - partition})")
    return READY


def daemon_set(thing: Mapping[str, Any]) -> Verdict:
    """A Pod of the newest template available on every node that should have one."""
    status = thing.get("status") or {}
    if not observed(thing):
        return Verdict(False, "Waiting for the DaemonSet controller to see the change")
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated, available = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
    if updated < wanted or available < wanted:
        return Verdict(False, f"Waiting for DaemonSet Pods to be available ({min(updated, available)}/{wanted})")
    return READY


def job(thing: Mapping[str, Any]) -> Verdict:
    """Completed; a suspended Job counts as ready."""
    if condition(thing, "Complete").get("status") == "True" or (thing.get("spec") or {}).get("suspend"):
        return READY
    failure = condition(thing, "Failed")
    if failure.get("status") == "True":
        return Verdict(False, f"{failure.get('reason', 'Failed')}: {failure.get('message', '')}", failed=True)
    done = int((thing.get("status") or {}).get("succeeded") or 0)
    return Verdict(False, f"Waiting for the Job to complete ({done} Pods succeeded)")


def pod(thing: Mapping[str, Any]) -> Verdict:
    """Ready, or run to its end with success."""
    phase = (thing.get("status") or {}).get("phase")
    if phase == "Succeeded" or condition(thing, "Ready").get("status") == "True":
        return READY
    return Verdict(False, f"Waiting for the Pod to be ready (phase {phase or 'Pending'})", failed=phase == "Failed")
