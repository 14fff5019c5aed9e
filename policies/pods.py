"""Kubernetes workloads as the policies read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.subject import UNKNOWN, Resource, Unknown, dig, items

APPS = "kubernetes:apps/v1:"
LONG_RUNNING = tuple(f"{APPS}{kind}" for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"))
BATCH = ("kubernetes:batch/v1:Job", "kubernetes:batch/v1:CronJob")
POD = "kubernetes:core/v1:Pod"
WORKLOADS = (*LONG_RUNNING, *BATCH, POD)

CANARY = {"track": "canary"}
"""Labels of pods that run beside the others for a while and are meant to be few."""


def template(workload: Resource) -> Any:
    """A workload's pod template, or the pod itself."""
    if workload.type == POD:
        return workload.props
    inside = "spec.jobTemplate.spec.template" if workload.type.endswith(":CronJob") else "spec.template"
    return workload.get(inside)


def containers(workload: Resource, *, initial: bool = True) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and description of every container; ``initial``: those that run before the others as well."""
    spec = dig(template(workload), "spec")
    kinds = ("containers", "initContainers", "ephemeralContainers") if initial else ("containers",)
    for kind in kinds:
        for container in items(dig(spec, kind)):
            if isinstance(container, Mapping):
                yield f"{workload.name}/{container.get('name')}", container


def labels(workload: Resource) -> Mapping[str, Any]:
    """The labels of a workload's pods."""
    found = dig(template(workload), "metadata.labels")
    return found if isinstance(found, Mapping) else {}


def has(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether all wanted labels are there."""
    return all(found.get(name) == value for name, value in wanted.items())


def namespace(resource: Resource) -> str | Unknown:
    """The namespace of a resource."""
    found = resource.get("metadata.namespace")
    return "default" if found is None else found if isinstance(found, str) else UNKNOWN
