"""Services, DestinationRules and Pods -> the ready pods behind a destination.

Sources: Kubernetes documentation, "Service" (selector, targetPort), "Pod Lifecycle" (conditions, termination); Istio
documentation, "Destination Rule" (subsets), "Istio Standard Metrics" (workload, canonical service).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from sandbox.mesh import model
from sandbox.mesh.names import fqdn, service_of
from sandbox.mesh.routes import Object

log = logging.getLogger("sandbox.mesh")

Subsets = Mapping[tuple[str, str], Mapping[str, str]]
"""(whole name of a Service, name of a subset) -> labels."""


@dataclass(frozen=True)
class Target:
    """A ready pod and the port that a Service leads to."""

    pod: Object
    port: int

    @property
    def uid(self) -> str:
        """The pod's identity."""
        return str(self.pod["metadata"]["uid"])


@dataclass(frozen=True)
class Upstream:
    """What Envoy calls a cluster: the ready pods of one port of a Service, or of a subset."""

    namespace: str
    service: str
    subset: str
    port: int
    targets: tuple[Target, ...]

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Tells one upstream from another."""
        return self.namespace, self.service, self.subset, self.port


class Endpoints:
    """Services with their subsets and pods, at one moment."""

    def __init__(self, services: Iterable[Object], known: Subsets, pods: Iterable[Object]) -> None:
        self._services = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in services}
        self._subsets = known
        self._pods: dict[str, list[Object]] = {}
        for pod in pods:
            if is_ready(pod) and not is_leaving(pod):
                self._pods.setdefault(pod["metadata"]["namespace"], []).append(pod)

    def find(self, destination: model.Destination, namespace: str) -> Upstream | None:
        """Return what a VirtualService of a namespace means, None where Service, port or subset is missing."""
        host = fqdn(destination.host, namespace)
        service = self._services.get(service_of(host) or ("", ""))
        labels = self._subsets.get((host, destination.subset), {} if not destination.subset else None)
        port = _port(service, destination) if service else None
        if service is None or labels is None or port is None:
            return None
        where, name = service["metadata"]["namespace"], service["metadata"]["name"]
        selector = service["spec"].get("selector") or {}
        pods = [pod for pod in self._pods.get(where, ()) if selector and _has(pod, {**selector, **labels})]
        targets = [Target(pod, number) for pod in pods if (number := _target_port(pod, port)) is not None]
        # The order in which pods take turns shouldn't depend on the order in which they were heard of.
        targets.sort(key=lambda target: str(target.pod["metadata"]["name"]))
        return Upstream(where, name, destination.subset, port["port"], tuple(targets))


def is_ready(pod: Object) -> bool:
    """Return whether the cluster holds a pod for ready."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def is_leaving(pod: Object) -> bool:
    """Return whether a pod has been told to end, or has ended."""
    return "deletionTimestamp" in pod["metadata"] or pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def owner(pod: Object) -> Mapping[str, str]:
    """Return kind, name and uid of what made a pod; the pod's own where nothing did."""
    for reference in pod["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return {key: str(reference[key]) for key in ("kind", "name", "uid")}
    return {"kind": "Pod", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}


def workload(pod: Object) -> str:
    """Return what Istio calls a pod's workload: for a ReplicaSet of a Deployment the Deployment's name."""
    made_by = owner(pod)
    suffix = (pod["metadata"].get("labels") or {}).get("pod-template-hash")
    return made_by["name"].removesuffix(f"-{suffix}") if made_by["kind"] == "ReplicaSet" else made_by["name"]


def subsets(destination_rules: Iterable[Object]) -> Subsets:
    """Return the subsets of all DestinationRules."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for each in destination_rules:
        namespace = each["metadata"]["namespace"]
        try:
            spec = model.DestinationRuleSpec.model_validate(each.get("spec") or {})
        except ValidationError as error:
            log.warning("DestinationRule %s/%s: %s", namespace, each["metadata"]["name"], model.problem(error))
            continue
        for subset in spec.subsets:
            found[fqdn(spec.host, namespace), subset.name] = subset.labels
    return found


def _has(pod: Object, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (pod["metadata"].get("labels") or {}).items()


def _port(service: Object, destination: model.Destination) -> Object | None:
    """The Service's port that a destination names; the only one, or the first, where it names none."""
    ports: list[Object] = service["spec"].get("ports") or []
    if destination.port is None:
        return ports[0] if ports else None
    return next((each for each in ports if each["port"] == destination.port.number), None)


def _target_port(pod: Object, port: Object) -> int | None:
    """The number of a Service's targetPort in a pod; None where the pod has no port of that name."""
    wanted = port.get("targetPort", port["port"])
    if isinstance(wanted, int):
        return wanted
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or []:
            if each.get("name") == wanted:
                return int(each["containerPort"])
    return None
