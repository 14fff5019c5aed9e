"""Requests to REST and HTTP APIs: http://127.0.0.1:<port>/_aws/execute-api/<api>/<stage>/<path>."""

from __future__ import annotations

import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.account import functions, metrics
from sandbox.account.gateway import apis, connections, events, throttle
from sandbox.account.routes import route

PREFIX = "/_aws/execute-api/"
FORBIDDEN = (403, "Forbidden")


@route(PREFIX)
def execute(request: Request) -> Response:
    """Answer a request to any API of the account."""
    api_id, _, rest = request.path.removeprefix(PREFIX).partition("/")
    if "/@connections/" in f"/{rest}":
        return connections.handle(request, rest.rpartition("@connections/")[2])
    api = apis.rest_api(api_id)
    if api is not None:
        return _rest(request, api, rest)
    api = apis.http_api(api_id)
    if api is not None and api.protocol_type == "HTTP":
        return _http(request, api, rest)
    return events.message(*FORBIDDEN)


def _rest(request: Request, api: Any, rest: str) -> Response:
    stage_name, _, below = rest.partition("/")
    stage = api.stages.get(stage_name)
    if stage is None:
        return events.message(*FORBIDDEN)
    path = "/" + below
    started = time.monotonic()
    match = apis.rest_match(api, request.method, path)
    if match is None or match.integration is None:
        answer, spent = events.message(403, "Missing Authentication Token"), 0.0
    elif not _rest_allows(api, stage, match):
        answer, spent = events.message(429, "Too Many Requests"), 0.0
    else:
        before = time.monotonic()
        answer = _rest_integration(request, api, stage, match, path)
        spent = time.monotonic() - before
    latency = time.monotonic() - started
    _count(api.region_name, [{"ApiName": api.name}, {"ApiName": api.name, "Stage": stage.name}],
           ("4XXError", "5XXError"), answer.status_code, latency, spent)  # fmt: skip
    return answer


def _rest_allows(api: Any, stage: Any, match: apis.Match) -> bool:
    # The setting of the very method counts, else the stage's own; "~1" stands for "/" in these keys.
    method = f"{match.key.lstrip('/').replace('/', '~1') or '~1'}/{match.method}"
    for key in (method, "~1" + method, "*/*"):
        limits = stage.method_settings.get(key)
        if limits:
            rate, burst = limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit")
            return throttle.allows(f"{api.id}/{stage.name}/{key}", rate, burst)
    return True


def _rest_integration(request: Request, api: Any, stage: Any, match: apis.Match, path: str) -> Response:
    integration = match.integration
    if integration.integration_type == "MOCK":
        return _mock(integration)
    target = apis.lambda_of(integration.uri)
    if target is None or integration.integration_type not in ("AWS_PROXY", "AWS"):
        return events.message(500, "Internal server error")
    for name, value in (stage.variables or {}).items():
        target = target.replace("${stageVariables." + name + "}", str(value))
    event = events.rest_event(request, api, stage, match, path)
    try:
        outcome = functions.invoke(target, event, region=api.region_name)
    except functions.NotFound:
        return events.message(500, "Internal server error")
    if outcome.throttled:
        return events.message(500, "Internal server error")
    answer = None if outcome.error else events.response(outcome.payload, strict=True)
    return answer or events.message(502, "Internal server error")


def _mock(integration: Any) -> Response:
    """Answer for a mock integration: the status its request template names, the body of that response's template."""
    try:
        template = (integration.request_templates or {}).get("application/json") or "{}"
        status = str(json.loads(template).get("statusCode", 200))
    except ValueError:
        status = "200"
    chosen = (integration.integration_responses or {}).get(status)
    body = (getattr(chosen, "response_templates", None) or {}).get("application/json") or ""
    return Response(body, status=int(status), mimetype="application/json")


def _http(request: Request, api: Any, rest: str) -> Response:
    stage_name, _, below = rest.partition("/")
    stage, path = api.stages.get(stage_name), "/" + below
    if stage is None:
        stage, path = api.stages.get("$default"), "/" + rest
    if stage is None:
        return events.message(404, "Not Found")
    started = time.monotonic()
    spent = 0.0
    match = apis.http_match(api, request.method, path)
    if match is None or match.integration is None:
        answer = events.message(404, "Not Found")
    elif not _http_allows(api, stage, match):
        answer = events.message(429, "Too Many Requests")
    else:
        before = time.monotonic()
        answer = _http_integration(request, api, stage, match, path)
        spent = time.monotonic() - before
    latency = time.monotonic() - started
    _count(api.backend.region_name, [{"ApiId": api.api_id}, {"ApiId": api.api_id, "Stage": stage.name}],
           ("4xx", "5xx"), answer.status_code, latency, spent)  # fmt: skip
    return answer


def _http_allows(api: Any, stage: Any, match: apis.Match) -> bool:
    own = (stage.route_settings or {}).get(match.key) or {}
    limits = {**(stage.default_route_settings or {}), **own}
    key = f"{api.api_id}/{stage.name}/{match.key if own else '*'}"
    return throttle.allows(key, limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit"))


def _http_integration(request: Request, api: Any, stage: Any, match: apis.Match, path: str) -> Response:
    target = apis.lambda_of(match.integration.integration_uri)
    if target is None:
        return events.message(500, "Internal Server Error")
    old = match.integration.payload_format_version == "1.0"
    event = (events.http_event_1 if old else events.http_event)(request, api, stage, match, path)
    try:
        outcome = functions.invoke(target, event, region=api.backend.region_name)
    except functions.NotFound:
        return events.message(500, "Internal Server Error")
    if outcome.throttled:
        return events.message(503, "Service Unavailable")
    answer = None if outcome.error else events.response(outcome.payload, strict=False)
    return answer or events.message(500, "Internal Server Error")


def _count(
    region: str, dimensions: list[dict[str, str]], errors: tuple[str, str], status: int, latency: float, inner: float
) -> None:
    values = {
        "Count": (1.0, "Count"),
        errors[0]: (float(400 <= status < 500), "Count"),
        errors[1]: (float(status >= 500), "Count"),
        "Latency": (latency * 1000, "Milliseconds"),
        "IntegrationLatency": (inner * 1000, "Milliseconds"),
    }
    for name, (value, unit) in values.items():
        for where in dimensions:
            metrics.put(region, "AWS/ApiGateway", name, value, where, unit)
