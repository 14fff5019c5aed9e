"""Where requests go, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from sandbox.mesh import model
from sandbox.mesh.endpoints import Endpoints, Upstream
from sandbox.mesh.routes import Rules, find


@dataclass(frozen=True)
class Refusal:
    """An answer of the gateway's own. ``flags``: why, in Envoy's letters."""

    status: int
    flags: str
    text: str = ""


NO_ROUTE = Refusal(404, "NR")
NO_CLUSTER = Refusal(503, "NC")
NO_HEALTHY_UPSTREAM = Refusal(503, "UH", "no healthy upstream")
_BROKEN = "upstream connect error or disconnect/reset before headers. reset reason: "
CONNECT_FAILED = Refusal(503, "UF", f"{_BROKEN}connection failure")
DISCONNECTED = Refusal(503, "UC", f"{_BROKEN}connection termination")
TIMED_OUT = Refusal(504, "UT", "upstream request timeout")


@dataclass(frozen=True)
class Way:
    """Where a request goes: a destination as an object of a namespace names it. ``timeout`` in seconds, 0 for none."""

    destination: model.Destination
    namespace: str
    timeout: float


@dataclass(frozen=True)
class Table:
    """Hosts with their rules, and what is behind them."""

    domains: Mapping[str, list[Rules]]
    endpoints: Endpoints

    def way(self, request: model.Request, draw: Random) -> Way | Refusal:
        """Return where a request goes by the first rule that accepts it, or why nowhere."""
        for rules in find(self.domains, request.authority):
            if rules.problem:
                return Refusal(501, "NR", f"the sandbox's gateway can't do this: {rules.problem}")
            for route in rules.routes:
                if route.accepts(request):
                    return Way(route.pick(draw), rules.namespace, model.seconds(route.timeout))
        return NO_ROUTE

    def upstream(self, way: Way) -> Upstream | None:
        """Return the ready pods of a way; None where there is no such Service, port or subset."""
        return self.endpoints.find(way.destination, way.namespace)
