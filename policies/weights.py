"""Splits of traffic: the shares are of a whole.

Sources: Istio, "Virtual Service" (HTTPRouteDestination.weight); Gateway API, BackendRef.weight; Knative Serving,
"Traffic management"; Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.pods import manifest, objects
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import UNKNOWN, Resource, dig, items
from policies.values import number

ALIAS = "aws:lambda/alias:Alias"
ISTIO, GATEWAY, KNATIVE = "networking.istio.io", "gateway.networking.k8s.io", "serving.knative.dev"
GATEWAY_ROUTES: Final = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
WHOLE: Final = 100
DIGITS: Final = 6
"""What is lost when fractions are added isn't counted."""


class Splits:
    """Every type that splits traffic, as a container: any version of its API, patches and lists too."""

    def __contains__(self, token: object) -> bool:
        if token == ALIAS or not isinstance(token, str):
            return token == ALIAS
        of = manifest(token)
        return of is not None and (
            (of.group == ISTIO and of.kind == "VirtualService")
            or (of.group == GATEWAY and of.kind in GATEWAY_ROUTES)
            or (of.group == KNATIVE and of.kind in ("Service", "Route"))
        )


def weighed(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """The shares of a split add up to everything."""
    if resource.type == ALIAS:
        yield from _alias(resource)
        return
    of = manifest(resource.type)
    group = "" if of is None else of.group
    for name, each in objects(resource):
        for route, weights in _splits(group, dig(each, "spec")):
            yield from (f"{name}: the weights of {route} {fault}" for fault in _faults(group, weights))


def _alias(alias: Resource) -> Iterator[str]:
    shares = alias.get("routingConfig.additionalVersionWeights")
    given = list(shares.values()) if isinstance(shares, Mapping) else []
    figures = [number(each) for each in given]
    if UNKNOWN in given:
        return
    total = sum(each or 0 for each in figures)
    if None in figures or not 0 <= round(total, DIGITS) <= 1 or any((each or 0) < 0 for each in figures):
        yield f"{alias.name}: other versions get {WHOLE * total:g} % of the calls"


def _splits(group: str, spec: Any) -> Iterator[tuple[str, list[Any]]]:
    """Each split as its name and the shares as they are given."""
    if group == ISTIO:
        places = [(protocol, "route", "weight") for protocol in ("http", "tls", "tcp")]
    elif group == GATEWAY:
        places = [("rules", "backendRefs", "weight")]
    else:
        listed = items(dig(spec, "traffic"))
        if listed:
            yield "its traffic", [dig(each, "percent") for each in listed]
        return
    for where, inside, what in places:
        for index, route in enumerate(items(dig(spec, where))):
            name = dig(route, "name")
            label = name if isinstance(name, str) else index
            prefix = f"{where} route" if group == ISTIO else "rule"
            yield f"{prefix} {label}", [dig(each, what) for each in items(dig(route, inside))]


def _faults(group: str, weights: list[Any]) -> Iterator[str]:
    """What is wrong with the shares of one split."""
    if not weights or any(each is UNKNOWN for each in weights):
        return
    if all(each is None for each in weights) and (len(weights) == 1 or group == GATEWAY):
        return  # a single destination gets everything; Gateway API shares alike where nothing is said
    usual = 1 if group == GATEWAY else 0
    figures = [number(usual if each is None else each) for each in weights]
    if None in figures or any((each or 0) < 0 for each in figures):
        yield f"aren't numbers from 0 to {WHOLE}"
        return
    total = sum(each or 0 for each in figures)
    if total != WHOLE and not (group == GATEWAY and len(weights) == 1 and total):
        yield f"add up to {total:g}, not {WHOLE}"


RULES = (
    ResourceRule(
        name="traffic-weights",
        description="The weights of a split add up to 100.",
        severity=Severity.HIGH,
        remedy=(
            "Give the destinations of each route weights that add up to 100; of a Lambda alias, fractions up to 1."
        ),
        types=Splits(),
        check=weighed,
    ),
)
