"""Requests to REST APIs: http://127.0.0.1:<port>/_aws/execute-api/<api>/<stage>/<path>."""

from __future__ import annotations

import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.account import functions, settings
from sandbox.account.gateway import apis, counting, deployments, events, permissions, throttle

LONGEST_MS = 29_000
"""Milliseconds an integration may take where it sets no time of its own (API Gateway, "Quotas")."""


def answer(request: Request, api: Any, rest: str) -> Response:
    """Answer a request to a REST API; `rest` is the stage and the path below it."""
    stage_name, _, below = rest.partition("/")
    stage = api.stages.get(stage_name)
    if stage is None:
        return events.message(403, "Forbidden")
    path = "/" + below
    started = time.monotonic()
    spent = 0.0
    match = apis.rest_match(deployments.served(api, stage), request.method, path)
    if match is None or match.integration is None:
        made = events.message(403, "Missing Authentication Token")
    elif not _allows(api, stage, match):
        made = events.message(429, "Too Many Requests")
    else:
        before = time.monotonic()
        made = _integration(request, api, stage, match, path)
        spent = time.monotonic() - before
        if spent * 1000 > int(match.integration.timeout_in_millis or LONGEST_MS):
            # The client has waited longer than on AWS, where the function would be left behind; it sees the same.
            made = events.message(504, "Endpoint request timed out")
    latency = time.monotonic() - started
    counting.request(
        api.region_name, _dimensions(api, stage, match), ("4XXError", "5XXError"), made.status_code, latency, spent
    )
    return made


def _settings(stage: Any, match: apis.Match) -> tuple[str, dict[str, Any]]:
    """The settings that a method has, its own or else the stage's, and their key."""
    # "~1" stands for "/" in these keys.
    method = f"{match.key.lstrip('/').replace('/', '~1') or '~1'}/{match.method}"
    for key in (method, "~1" + method, "*/*"):
        if stage.method_settings.get(key):
            return key, stage.method_settings[key]
    return "*/*", {}


def _allows(api: Any, stage: Any, match: apis.Match) -> bool:
    key, limits = _settings(stage, match)
    rate, burst = limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit")
    return throttle.allows(f"{api.id}/{stage.name}/{key}", rate, burst)


def _integration(request: Request, api: Any, stage: Any, match: apis.Match, path: str) -> Response:
    integration = match.integration
    if integration.integration_type == "MOCK":
        return _mock(integration)
    target = apis.lambda_of(integration.uri)
    if target is None or integration.integration_type not in ("AWS_PROXY", "AWS"):
        return events.message(500, "Internal server error")
    for name, value in (stage.variables or {}).items():
        target = target.replace("${stageVariables." + name + "}", str(value))
    # With credentials the integration invokes as that role, and the function's own policy isn't asked.
    if not integration.credentials and not permissions.granted(target, api.region_name, _source(api, stage, match)):
        return events.message(500, "Internal server error")
    event = events.rest_event(request, api, stage, match, path)
    try:
        outcome = functions.invoke(target, event, region=api.region_name)
    except functions.NotFound:
        return events.message(500, "Internal server error")
    if outcome.throttled:
        return events.message(500, "Internal server error")
    made = None if outcome.error else events.response(outcome.payload, strict=True)
    return made or events.message(502, "Internal server error")


def _source(api: Any, stage: Any, match: apis.Match) -> str:
    """The ARN that a permission's source ARN is compared with."""
    verb = "*" if match.method == "ANY" else match.method
    account = settings.current().account_id
    return f"arn:aws:execute-api:{api.region_name}:{account}:{api.id}/{stage.name}/{verb}{match.key}"


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


def _dimensions(api: Any, stage: Any, match: apis.Match | None) -> list[dict[str, str]]:
    """What a request is counted under: API, stage, and the method where the stage has detailed metrics enabled."""
    by_stage = {"ApiName": api.name, "Stage": stage.name}
    dimensions = [{"ApiName": api.name}, by_stage]
    if match is not None and _settings(stage, match)[1].get("metricsEnabled"):
        dimensions.append({**by_stage, "Method": match.method, "Resource": match.key})
    return dimensions
