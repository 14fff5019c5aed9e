"""Kubernetes workloads as the policies read them: everything that makes pods, whatever kind or API version it is.

A manifest may come as the kind itself, as a list of them (``DeploymentList``), as a patch (``DeploymentPatch``, which
says only what it changes), or as a custom resource of another controller (Argo's Rollout, Knative's Service), in which
pods are found wherever containers are listed.
Source: Kubernetes API reference, "Workload Resources".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from policies.subject import UNKNOWN, Resource, Stack, Unknown, dig, items

HARMLESS = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
"""Capabilities that may be added; the others reach beyond the container."""
POD, TEMPLATE = "Pod", "PodTemplate"
DEPLOYMENT, STATEFUL_SET, DAEMON_SET = "Deployment", "StatefulSet", "DaemonSet"
TEMPLATES: Mapping[str, str] = {
    DEPLOYMENT: "spec.template",
    STATEFUL_SET: "spec.template",
    DAEMON_SET: "spec.template",
    "ReplicaSet": "spec.template",
    "ReplicationController": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
    TEMPLATE: "template",
}
"""Kind of Kubernetes itself -> where its pod template lies. A Pod is its own."""
OURS = ("apps", "batch", "core", "extensions")
"""The API groups of Kubernetes itself that have such kinds."""
NO_MANIFESTS = ("helm.sh", "kustomize", "yaml")
"""Pulumi's own packages of manifests: what they make is registered one by one."""
FOREIGN_CONTROLLERS = frozenset(
    {
        ("argoproj.io", "Rollout"),
        ("apps.kruise.io", "CloneSet"),
        ("apps.kruise.io", STATEFUL_SET),
        ("apps.openshift.io", "DeploymentConfig"),
    }
)
"""Custom resources whose ``spec`` is a Deployment's: replicas, template, revisionHistoryLimit."""
CANARY = {"track": "canary"}
"""Labels of pods that run beside the others for a while and are meant to be few."""
ALONE = ("container", "script", "initContainers", "sidecars", "steps", "stepTemplate")
"""Where Argo Workflows and Tekton list containers outside of a pod."""
DEEPEST = 40
"""How far down containers are looked for in a custom resource."""


@dataclass(frozen=True)
class Manifest:
    """What a type token says about the objects that its resource holds."""

    group: str
    version: str
    kind: str
    partial: bool
    """A patch: what it doesn't say stays as it is in the cluster."""
    listed: bool
    """The objects are its ``items``."""


@cache
def manifest(token: str) -> Manifest | None:
    """What a token of pulumi-kubernetes means; None for any other."""
    package, _, rest = token.partition(":")
    api, _, kind = rest.partition(":")
    if package != "kubernetes" or not kind:
        return None
    group, _, version = api.rpartition("/")
    partial = kind.endswith("Patch") and kind != "Patch"
    kind = kind.removesuffix("Patch")
    listed = kind.endswith("List") and kind != "List"
    return Manifest(group, version, kind.removesuffix("List") if listed else kind, partial, listed)


@cache
def makes_pods(token: str) -> bool:
    """Whether a type makes pods, or could: any custom resource might."""
    found = manifest(token)
    if found is None or found.group in NO_MANIFESTS:
        return False
    if found.group in OURS:
        return found.kind == POD or found.kind in TEMPLATES
    return "." in found.group and not found.group.endswith((".k8s.io", ".istio.io"))


class PodTypes:
    """Every type that may make pods, as a container."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and makes_pods(token)


WORKLOADS = PodTypes()


@dataclass(frozen=True, eq=False)
class Workload:
    """One object that makes pods."""

    resource: Resource
    name: str
    """What messages call it."""
    of: Manifest
    object: Mapping[str, Any]
    templates: tuple[Any, ...]
    """Its pod templates (``metadata``, ``spec``), ``UNKNOWN`` where that can't be known; of a Pod, the pod."""

    def get(self, path: str) -> Any:
        """A field by its path with dots."""
        return dig(self.object, path)

    @property
    def is_deployment(self) -> bool:
        """Whether it is a Deployment, or a custom resource that is used in its place."""
        return (self.of.group in OURS and self.of.kind == DEPLOYMENT) or self.foreign

    @property
    def foreign(self) -> bool:
        """Whether it is another controller's Deployment."""
        return (self.of.group, self.of.kind) in FOREIGN_CONTROLLERS

    @property
    def scaled(self) -> bool:
        """Whether it has ``spec.replicas`` pods."""
        kinds = (DEPLOYMENT, STATEFUL_SET, "ReplicaSet", "ReplicationController")
        return self.foreign or (self.of.group in OURS and self.of.kind in kinds)

    @property
    def long_running(self) -> bool:
        """Whether its pods are meant to run on; a Job's end by themselves, and so may a Pod's."""
        if self.of.group in OURS and self.of.kind == POD:
            return self.get("spec.restartPolicy") in (None, "Always")
        return self.scaled or (self.of.group in OURS and self.of.kind == DAEMON_SET)


def workloads(resource: Resource) -> Iterator[Workload]:
    """The objects of a resource that make pods."""
    of = manifest(resource.type)
    if of is None or not makes_pods(resource.type):
        return
    for name, each in objects(resource):
        yield Workload(resource, name, of, each, tuple(_templates(of, each)))


def all_workloads(stack: Stack) -> list[Workload]:
    """The objects of a stack that make pods."""
    return [each for resource in stack.resources if makes_pods(resource.type) for each in workloads(resource)]


def objects(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The manifests of a resource with what messages call them: its own, or each one of a list."""
    of = manifest(resource.type)
    if of is None or not of.listed:
        yield resource.name, resource.props
        return
    for number, each in enumerate(items(resource.get("items"))):
        if isinstance(each, Mapping):
            yield f"{resource.name}/{dig(each, 'metadata.name') or number}", each


def _templates(of: Manifest, found: Mapping[str, Any]) -> Iterator[Any]:
    if of.group not in OURS:
        yield from _anywhere(found)
    elif of.kind == POD:
        yield found
    else:
        yield dig(found, TEMPLATES[of.kind])


def _anywhere(found: Any, depth: int = 0) -> Iterator[Any]:
    """Whatever in a custom resource looks like a pod: an object with a list of containers in its ``spec`` or itself."""
    if depth > DEEPEST:
        return
    if isinstance(found, Mapping):
        if _has_containers(found.get("spec")):
            yield found
        elif _has_containers(found):
            yield {"spec": found}
            return
        elif alone := [each for field in ALONE for each in items(found.get(field)) if _is_container(each)]:
            yield {"spec": {**found, "containers": alone, "initContainers": None}}
        for name, each in found.items():
            if name != "spec" or not _has_containers(each):
                yield from _anywhere(each, depth + 1)
    elif isinstance(found, list):
        for each in found:
            yield from _anywhere(each, depth + 1)


def _has_containers(found: Any) -> bool:
    listed = found.get("containers") if isinstance(found, Mapping) else None
    return isinstance(listed, list) and any(map(_is_container, listed))


def _is_container(found: Any) -> bool:
    return isinstance(found, Mapping) and "image" in found


@dataclass(frozen=True, eq=False)
class Container:
    """One container of a pod."""

    name: str
    """What messages call it: workload/container."""
    object: Mapping[str, Any]
    pod: Any
    """The pod's ``spec``."""
    kind: str
    """The field that lists it: containers, initContainers, ephemeralContainers."""

    def get(self, path: str) -> Any:
        """A field by its path with dots."""
        return dig(self.object, path)

    def security(self, path: str) -> Any:
        """A field of the container's securityContext, or else of the pod's: the container's overrides it."""
        own = dig(self.object, f"securityContext.{path}")
        return dig(self.pod, f"securityContext.{path}") if own is None else own

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that runs as long as the pod."""
        return self.kind == "initContainers" and self.get("restartPolicy") == "Always"


def containers(workload: Workload) -> Iterator[Container]:
    """Every container of a workload, also those that run before the others, beside them, or for a look inside."""
    for template in workload.templates:
        yield from containers_of(dig(template, "spec"), workload.name)


def containers_of(spec: Any, name: str) -> Iterator[Container]:
    """Every container of a pod's ``spec``; ``name`` is what messages call whatever has it."""
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for each in items(dig(spec, kind)):
            if isinstance(each, Mapping):
                yield Container(f"{name}/{each.get('name')}", each, spec, kind)


def labels(workload: Workload) -> Mapping[str, Any] | Unknown:
    """The labels of a workload's pods; unknown where another object describes them (a Rollout's ``workloadRef``)."""
    if workload.foreign and workload.get("spec.workloadRef") is not None:
        return UNKNOWN
    found = dig(next(iter(workload.templates), None), "metadata.labels")
    return found if isinstance(found, Mapping) else UNKNOWN if found is UNKNOWN else {}


def has(found: Mapping[str, Any] | Unknown, wanted: Mapping[str, Any]) -> bool:
    """Whether all wanted labels are there."""
    return isinstance(found, Mapping) and all(found.get(name) == value for name, value in wanted.items())


def namespace(found: object) -> str | Unknown:
    """The namespace of an object."""
    name = dig(found, "metadata.namespace")
    return "default" if name is None else name if isinstance(name, str) else UNKNOWN
