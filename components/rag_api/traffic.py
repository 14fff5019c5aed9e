"""How requests reach rag-api: Service, subsets, and the VirtualService with the canary's share."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.rag_api.workload import APP, CANARY, PORT, STABLE
from stacks.rag_api import Canary, RagApiSettings

ISTIO = "networking.istio.io/v1"


def routes(canary: Canary | None) -> list[dict[str, Any]]:
    """The VirtualService's HTTP routes. The split stands first, so that removing route 0 (runbook rag-api, procedure 4)
    leaves all traffic on stable."""
    everything = {"name": STABLE, "route": [_to(STABLE, None)]}
    if canary is None:
        return [everything]
    split = {"name": "canary-split", "route": [_to(STABLE, 100 - canary.weight), _to(CANARY, canary.weight)]}
    return [split, everything]


def _to(subset: str, weight: int | None) -> dict[str, Any]:
    destination = {"destination": {"host": APP, "subset": subset, "port": {"number": 80}}}
    return destination if weight is None else {**destination, "weight": weight}


class Traffic(pulumi.ComponentResource):
    """Service, DestinationRule and VirtualService."""

    def __init__(self, settings: RagApiSettings, namespace: pulumi.Output[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:rag-api:Traffic", "rag-api-traffic", None, opts)
        metadata = k8s.meta.v1.ObjectMetaArgs(name=APP, namespace=namespace, labels={"app": APP})
        child = pulumi.ResourceOptions(parent=self)
        k8s.core.v1.Service(
            "rag-api-service",
            metadata=metadata,
            spec=k8s.core.v1.ServiceSpecArgs(
                selector={"app": APP},
                ports=[k8s.core.v1.ServicePortArgs(name="http", port=80, target_port=PORT)],
            ),
            opts=child,
        )
        subsets = k8s.apiextensions.CustomResource(
            "rag-api-subsets",
            api_version=ISTIO,
            kind="DestinationRule",
            metadata=metadata,
            spec={
                "host": APP,
                "subsets": [{"name": track, "labels": {"track": track}} for track in (STABLE, CANARY)],
            },
            opts=child,
        )
        k8s.apiextensions.CustomResource(
            "rag-api-routes",
            api_version=ISTIO,
            kind="VirtualService",
            metadata=metadata,
            spec={
                "hosts": list(settings.hosts),
                "gateways": list(settings.gateways),
                "http": routes(settings.canary),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[subsets]),
        )
        self.register_outputs({})
