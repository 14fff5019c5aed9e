"""Readiness of Services, CustomResourceDefinitions, Namespaces and what else needs a moment.

Source: Kubernetes API reference; for Services the behaviour of Pulumi's Kubernetes provider (ten seconds for endpoints
to settle, no wait for headless and external ones).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.providers.kubernetes.readiness.verdict import READY, Verdict, condition

SETTLE_SECONDS = 10.0
"""How long a Service without any endpoint is given before its update goes on."""


def service(thing: Mapping[str, Any], slices: Sequence[Mapping[str, Any]], waited: float) -> Verdict:
    """An address where the type promises one, and endpoints that are all ready; `waited` is in seconds."""
    spec = thing.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    if kind == "LoadBalancer" and not ((thing.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return Verdict(False, "Waiting for the Service to be allocated an IP address by the load balancer")
    if kind == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
        return READY
    endpoints = [endpoint for part in slices for endpoint in part.get("endpoints") or []]
    pending = [endpoint for endpoint in endpoints if (endpoint.get("conditions") or {}).get("ready") is False]
    if endpoints and not pending:
        return READY
    if pending:
        text = f"Finding Pods to direct traffic to ({len(endpoints) - len(pending)}/{len(endpoints)} ready)"
        return Verdict(False, text)
    if waited < SETTLE_SECONDS:
        return Verdict(False, "Finding Pods to direct traffic to")
    return Verdict(
        True,
        warning=(
            "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match "
            "labels on any Pods"
        ),
    )


def definition(thing: Mapping[str, Any]) -> Verdict:
    """A CustomResourceDefinition whose kind is served."""
    refused = condition(thing, "NamesAccepted")
    if condition(thing, "Established").get("status") == "True":
        return READY
    failed = refused.get("status") == "False"
    return Verdict(False, str(refused.get("message")) if failed else "Waiting for the kind to be served", failed=failed)


def namespace(thing: Mapping[str, Any]) -> Verdict:
    """A Namespace that takes objects."""
    phase = (thing.get("status") or {}).get("phase")
    return READY if phase == "Active" else Verdict(False, f"Waiting for the Namespace to be active (phase {phase})")
