"""Requests to REST and HTTP APIs: http://127.0.0.1:<port>/_aws/execute-api/<api>/<stage>/<path>."""

from __future__ import annotations

import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.account import functions
from sandbox.account.gateway import apis, connections, counting, events, throttle
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
        from sandbox.account.gateway import rest as rest_apis  # here: its imports take long

        return rest_apis.answer(request, api, rest)
    api = apis.http_api(api_id)
    if api is not None and api.protocol_type == "HTTP":
        return _http(request, api, rest)
    return events.message(*FORBIDDEN)


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
    dimensions = [{"ApiId": api.api_id}, {"ApiId": api.api_id, "Stage": stage.name}]
    counting.request(api.backend.region_name, dimensions, ("4xx", "5xx"), answer.status_code, latency, spent)
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
