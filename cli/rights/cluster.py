"""What rag-api's update and looks ask of the cluster, as the questions of a SelfSubjectAccessReview.

Source: pulumi-kubernetes applies on the server (``patch``), reads back, and watches what a Deployment makes until it is
ready; `rollback status` reads. Names are those of ``components/rag_api``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ISTIO = "networking.istio.io"
_OWN = ("get", "list", "watch", "create", "patch", "update", "delete")
_SEEN = ("get", "list", "watch")
MANAGED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("apps", "deployments", _OWN),
    ("autoscaling", "horizontalpodautoscalers", _OWN),
    ("", "configmaps", _OWN),
    ("", "secrets", _OWN),
    ("", "services", _OWN),
    ("policy", "poddisruptionbudgets", _OWN),
    (ISTIO, "destinationrules", _OWN),
    (ISTIO, "virtualservices", _OWN),
    ("apps", "replicasets", _SEEN),
    ("", "pods", _SEEN),
    ("", "endpoints", _SEEN),
    ("", "events", ("list", "watch")),
)
"""Group, resource and verbs in the system's own namespace."""
_CLUSTER_WIDE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("", "namespaces", ("get", "create", "patch", "delete")),
    ("apiextensions.k8s.io", "customresourcedefinitions", ("get",)),
)


@dataclass(frozen=True)
class Question:
    """May the caller do this?"""

    group: str
    resource: str
    verb: str
    namespace: str = ""
    """Empty where the resource belongs to no namespace."""

    def __str__(self) -> str:
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {name}"


def questions(namespace: str, ingress: str) -> Iterator[Question]:
    """All that is needed. ``namespace``: rag-api's; ``ingress``: of the gateway's Service, whose status is read."""
    for group, resource, verbs in MANAGED:
        yield from (Question(group, resource, verb, namespace) for verb in verbs)
    yield Question("", "services", "get", ingress)
    for group, resource, verbs in _CLUSTER_WIDE:
        yield from (Question(group, resource, verb) for verb in verbs)
