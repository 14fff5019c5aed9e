"""The shares of a split: of a Lambda alias, a VirtualService, and the routes of the Gateway API.

Sources: Istio, "VirtualService" (HTTPRouteDestination); Gateway API, "HTTPBackendRef" (weight is 1 where nothing is
said); Lambda API, AliasRoutingConfiguration.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Facts, NoConfig
from policies.subject import UNKNOWN, Resource, dig, items

ALIAS = "aws:lambda/alias:Alias"
ISTIO = ("v1", "v1beta1", "v1alpha3")
GATEWAY = ("v1", "v1beta1", "v1alpha2", "v1alpha3")
VIRTUAL_SERVICES = frozenset(
    f"kubernetes:networking.istio.io/{version}:VirtualService{patch}" for version in ISTIO for patch in ("", "Patch")
)
ROUTES = frozenset(
    f"kubernetes:gateway.networking.k8s.io/{version}:{kind}Route{patch}"
    for version in GATEWAY
    for kind in ("HTTP", "GRPC", "TCP", "TLS", "UDP")
    for patch in ("", "Patch")
)
SPLITS = frozenset({ALIAS, *VIRTUAL_SERVICES, *ROUTES})
WHOLE = 100
DIGITS = 6
"""What is lost when fractions are added isn't counted."""


def weighed(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """The shares of a split add up to everything."""
    if resource.type == ALIAS:
        yield from _alias(resource)
    elif resource.type in ROUTES:
        for number, rule in enumerate(items(resource.get("spec.rules"))):
            weights = [dig(backend, "weight") for backend in items(dig(rule, "backendRefs"))]
            name = dig(rule, "name") or number
            # The proxy shares alike where no weight is given; where one is, the others count 1.
            if weights and any(each is not None for each in weights):
                yield from _faults(f"{resource.name}: the weights of rule {name}", weights, default=1)
    else:
        for protocol in ("http", "tls", "tcp"):
            for number, route in enumerate(items(resource.get(f"spec.{protocol}"))):
                weights = [dig(destination, "weight") for destination in items(dig(route, "route"))]
                name = dig(route, "name") or number
                if len(weights) != 1 or weights[0] is not None:
                    yield from _faults(f"{resource.name}: the weights of {protocol} route {name}", weights, default=0)


def _alias(alias: Resource) -> Iterator[str]:
    shares = alias.get("routingConfig.additionalVersionWeights")
    given = list(shares.values()) if hasattr(shares, "values") else []
    if not all(isinstance(each, int | float) for each in given):
        return
    if not 0 <= round(sum(given), DIGITS) <= 1 or any(each < 0 for each in given):
        yield f"{alias.name}: other versions get {100 * sum(given):g} % of the calls"


def _faults(what: str, weights: list[object], default: int) -> Iterator[str]:
    """What is wrong with the weights of one split; a single backend of the Gateway API gets everything."""
    if any(each is UNKNOWN for each in weights):
        return
    given = [default if each is None else each for each in weights]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in given):
        yield f"{what} aren't all numbers"
        return
    numbers = [float(each) for each in given if isinstance(each, int | float)]
    alone = len(numbers) == 1 and default == 1 and numbers[0] > 0
    if any(each < 0 for each in numbers):
        yield f"{what} must not be negative"
    elif numbers and not alone and sum(numbers) != WHOLE:
        yield f"{what} add up to {sum(numbers):g}, not {WHOLE}"
