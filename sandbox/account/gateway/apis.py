"""Look up APIs, and which of their resources or routes a request belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.account import settings

if TYPE_CHECKING:
    from sandbox.account.gateway.deployments import Frozen


@dataclass(frozen=True)
class Match:
    """What answers a request: its resource path or route key, path parameters, integration and stage settings."""

    key: str
    integration: Any
    parameters: dict[str, str] = field(default_factory=dict)
    resource_id: str = ""
    method: str = ""


def rest_api(api_id: str) -> Any:
    """Return moto's REST API of any region, or None."""
    from moto.apigateway.models import apigateway_backends  # here: its import takes long

    for backend in list(apigateway_backends[settings.current().account_id].values()):
        if api_id in backend.apis:
            return backend.apis[api_id]
    return None


def http_api(api_id: str) -> Any:
    """Return moto's HTTP or WebSocket API of any region, or None."""
    from moto.apigatewayv2.models import apigatewayv2_backends

    for backend in list(apigatewayv2_backends[settings.current().account_id].values()):
        if api_id in backend.apis:
            return backend.apis[api_id]
    return None


def lambda_of(uri: str | None) -> str | None:
    """Return the function ARN in an integration's URI (a Lambda ARN, or an apigateway ARN around one)."""
    match = re.search(r"arn:[\w-]+:lambda:[^/]+", uri or "")
    return match[0] if match else None


def fit(pattern: str, path: str) -> tuple[dict[str, str], tuple[int, ...]] | None:
    """Match a path with a pattern like /users/{id}/{proxy+}.

    Returns the parameters and a rank: the smaller, the more specific, compared segment by segment.
    """
    wanted, given = pattern.strip("/").split("/"), path.strip("/").split("/")
    parameters: dict[str, str] = {}
    rank: list[int] = []
    for position, part in enumerate(wanted):
        if part.startswith("{") and part.endswith("+}"):
            rest = "/".join(given[position:])
            if not rest:
                return None
            return {**parameters, part[1:-2]: rest}, (*rank, 2)
        if position >= len(given):
            return None
        if part.startswith("{") and part.endswith("}"):
            if not given[position]:
                return None
            parameters[part[1:-1]] = given[position]
            rank.append(1)
        elif part == given[position]:
            rank.append(0)
        else:
            return None
    return (parameters, tuple(rank)) if len(wanted) == len(given) else None


def rest_match(resources: Iterable[Frozen], method: str, path: str) -> Match | None:
    """Return which of a REST API's deployed resources, and which method of it, a request belongs to."""
    found = []
    for resource in resources:
        fits = fit(resource.path, path)
        chosen = resource.methods.get(method) or resource.methods.get("ANY")
        if fits and chosen is not None:
            found.append((fits[1], resource, fits[0], chosen))
    if not found:
        return None
    _, resource, parameters, chosen = min(found, key=lambda item: item[0])
    return Match(resource.path, chosen.method_integration, parameters, resource.id, chosen.http_method)


def http_match(api: Any, method: str, path: str) -> Match | None:
    """Return the route of an HTTP API that a request belongs to: a full match, else a greedy one, else $default."""
    found = []
    for route in api.routes.values():
        verb, _, pattern = route.route_key.partition(" ")
        fits = fit(pattern, path) if pattern else None
        if fits and verb in (method, "ANY"):
            found.append(((*fits[1], 0 if verb == method else 1), route, fits[0]))
    if found:
        _, route, parameters = min(found, key=lambda item: item[0])
        return Match(route.route_key, integration_of(api, route), parameters, method=method)
    default = next((route for route in api.routes.values() if route.route_key == "$default"), None)
    return Match("$default", integration_of(api, default), method=method) if default else None


def integration_of(api: Any, route: Any) -> Any:
    """Return the integration a route's target names, or None."""
    return api.integrations.get((route.target or "").removeprefix("integrations/"))
