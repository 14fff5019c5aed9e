"""Where rag-api's requests really go: the live VirtualService, and the pods behind each of its subsets.

Source: Istio reference, "VirtualService" (HTTPRoute, HTTPRouteDestination) and "DestinationRule" (Subset).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.health.serving import Drift, DriftedResource
from stacks.rag_api import Canary

APP, STABLE, CANARY = "rag-api", "stable", "canary"
SECONDS = (5, 30)
"""How long the cluster may take to connect and to answer."""
VIRTUAL_SERVICE = "kubernetes:networking.istio.io/v1:VirtualService"
DESTINATION_RULE = "kubernetes:networking.istio.io/v1:DestinationRule"


@dataclass(frozen=True)
class Routes:
    """The live routes: the first of them takes the requests, unless it matches only some of them."""

    shares: tuple[tuple[tuple[str, float], ...], ...]
    """Per route: subset (or another host) and percent."""
    labels: Mapping[str, Mapping[str, str]]
    """The pods' labels by subset, as the DestinationRule has them."""
    matched: bool
    """Whether a route takes only requests that match something, which none of ours does."""


def read(namespace: str) -> Routes:
    """What the cluster has. Raises what the Kubernetes client raises."""
    from kubernetes import client

    api = client.CustomObjectsApi()

    def one(plural: str) -> dict[str, Any]:
        found: dict[str, Any] = api.get_namespaced_custom_object(
            "networking.istio.io", "v1", namespace, plural, APP, _request_timeout=SECONDS
        )
        return dict(found.get("spec") or {})

    return parse(one("virtualservices"), one("destinationrules"))


def parse(service: Mapping[str, Any], rule: Mapping[str, Any]) -> Routes:
    """The routes in the specs of a VirtualService and a DestinationRule."""
    http = service.get("http") or []
    return Routes(
        tuple(_shares(each.get("route") or []) for each in http),
        {str(subset["name"]): dict(subset.get("labels") or {}) for subset in rule.get("subsets") or []},
        any(each.get("match") for each in http),
    )


def asked(canary: Canary | None) -> tuple[tuple[tuple[str, float], ...], ...]:
    """The routes that the settings ask for (``components.rag_api.traffic.routes``)."""
    whole = ((STABLE, 100.0),)
    if canary is None:
        return (whole,)
    split = ((STABLE, 100.0 - canary.weight), (CANARY, float(canary.weight)))
    return (tuple(share for share in split if share[1]), whole)


def drift(live: Routes, canary: Canary | None, ready: Mapping[str, int], namespace: str) -> list[Drift]:
    """What isn't as the settings ask for it. ``ready``: subset -> pods that are ready."""
    found = []
    wanted = asked(canary)
    routes = DriftedResource(VIRTUAL_SERVICE, "id", f"{namespace}/{APP}")
    if live.shares != wanted or live.matched:
        rest = "; only requests that match something take some of the routes" if live.matched else ""
        what = f"the VirtualService sends {say(first(live))}{rest}; the settings ask for {say(wanted[0])}"
        found.append(Drift(what, "", (routes,)))
    for subset, percent in first(live):
        labels = {"track": subset}
        if subset in (STABLE, CANARY) and live.labels.get(subset) != labels:
            rule = DriftedResource(DESTINATION_RULE, "id", f"{namespace}/{APP}")
            has = live.labels.get(subset)
            found.append(Drift(f"the DestinationRule has {has or 'nothing'} for the subset {subset}", "", (rule,)))
        if not ready.get(subset):
            found.append(
                Drift(f"{percent:g} % of requests go to {subset}, which has no ready pods: they fail", "", (routes,))
            )
    return found


def first(live: Routes) -> tuple[tuple[str, float], ...]:
    """Where requests go that match nothing in particular."""
    return live.shares[0] if live.shares else ()


def say(shares: Sequence[tuple[str, float]]) -> str:
    """``80 % to stable, 20 % to canary``."""
    return ", ".join(f"{percent:g} % to {subset}" for subset, percent in shares) or "nothing anywhere"


def _shares(route: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, float], ...]:
    """Subsets with what each gets; a single destination without a weight gets everything."""
    weights = [float(each.get("weight", 100 if len(route) == 1 else 0)) for each in route]
    whole = sum(weights) or 1.0
    found: dict[str, float] = {}
    for each, weight in zip(route, weights, strict=True):
        if weight:
            place = _place(each.get("destination") or {})
            found[place] = found.get(place, 0.0) + round(100 * weight / whole, 2)
    return tuple(found.items())


def _place(destination: Mapping[str, Any]) -> str:
    host, subset = str(destination.get("host", "")), destination.get("subset")
    return str(subset) if subset and host.split(".", maxsplit=1)[0] == APP else host
