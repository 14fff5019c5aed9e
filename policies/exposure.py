"""Exposure: nothing that holds data or runs code answers to just anyone.

Services are here; buckets, networks, policies of resources, addresses and shares have files of their own.
Source: Kubernetes, "Service".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import StringConstraints

from core.model import Model
from policies import buckets, endpoints, ingress, resource_policies, sharing
from policies.rule import PolicyContext, ResourceRule, Severity
from policies.subject import UNKNOWN, Resource, dig, items, known

SERVICES = ("kubernetes:core/v1:Service", "kubernetes:core/v1:ServicePatch", "kubernetes:core/v1:ServiceList")
Service = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]


class Services(Model):
    """Which Services may be reached from outside of the cluster."""

    reachable: tuple[Service, ...] = ()
    """The Services, as ``namespace/name``."""


def internal(resource: Resource, config: Services, _facts: PolicyContext) -> Iterator[str]:
    """A Service is for the cluster, unless the settings name it; so is one that is patched, and each of a list."""
    entries = items(resource.get("items")) if resource.type.endswith("List") else [resource.props]
    for service in entries:
        yield from _outside(resource, service, config)


def _outside(resource: Resource, service: object, config: Services) -> Iterator[str]:
    where = dig(service, "metadata.namespace") or "default"
    if service is UNKNOWN or (config.reachable and not known(where)):
        return
    name = f"{where}/{dig(service, 'metadata.name') or resource.name}"
    if name in config.reachable:
        return
    kind = dig(service, "spec.type")
    if kind in ("LoadBalancer", "NodePort"):
        yield f"{name} is a {kind}"
    if any(known(address) for address in items(dig(service, "spec.externalIPs"))):
        yield f"{name} has externalIPs"


RULES = (
    *buckets.RULES,
    *resource_policies.RULES,
    *endpoints.RULES,
    *ingress.RULES,
    ResourceRule(
        name="service-internal",
        description="No Service of the cluster is reachable from outside.",
        severity=Severity.HIGH,
        remedy=("Use ClusterIP behind the gateway, or name the Service under reachable in the stack's settings."),
        types=frozenset(SERVICES),
        check=internal,
        config=Services,
    ),
    *sharing.RULES,
)
