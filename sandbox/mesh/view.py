"""What the gateway knows of the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sandbox.mesh import ingress, routes
from sandbox.mesh.endpoints import Endpoints, subsets
from sandbox.mesh.routes import Object
from sandbox.mesh.table import Table
from sandbox.mesh.watch_cache import Memoized, WatchCache

_ISTIO = "/apis/networking.istio.io/v1"


class View:
    """Copies of the objects that decide where requests go, and the table that is made of them."""

    def __init__(self) -> None:
        self.pods_touched = asyncio.Event()
        self.pods = WatchCache("/api/v1/pods", self.pods_touched.set)
        services = WatchCache("/api/v1/services")
        virtual_services, gateways, rules = (
            WatchCache(f"{_ISTIO}/{kind}") for kind in ("virtualservices", "gateways", "destinationrules")
        )
        self.mirrors = (self.pods, services, virtual_services, gateways, rules)
        self._domains = Memoized(_domains, virtual_services, gateways)
        self._endpoints = Memoized(_endpoints, services, rules, self.pods)

    def table(self) -> Table:
        """Return the table as of now."""
        return Table(self._domains(), self._endpoints())


def _domains(virtual_services: Iterable[Object], gateways: Iterable[Object]) -> dict[str, list[routes.Rules]]:
    return routes.virtual_hosts(virtual_services, gateways, ingress.LABELS)


def _endpoints(services: Iterable[Object], rules: Iterable[Object], pods: Iterable[Object]) -> Endpoints:
    return Endpoints(services, subsets(rules), pods)
