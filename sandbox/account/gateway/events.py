"""The events that API Gateway gives to functions, and what it makes of their answers.

After the API Gateway Developer Guide: "Lambda proxy integrations" (REST), "AWS Lambda integrations" payload format
2.0 (HTTP).
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.account import settings
from sandbox.account.gateway.apis import Match

UNKNOWN_CALLER = (
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "user",
)
"""What a REST API says about a caller who didn't sign the request: null."""

HOP = ("connection", "keep-alive", "transfer-encoding", "content-length")


def _body(request: Request) -> tuple[str | None, bool]:
    data = request.get_data()
    if not data:
        return None, False
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), True


def rest_event(request: Request, api: Any, stage: Any, match: Match, path: str) -> dict[str, Any]:
    """Return the event of a REST API's proxy integration."""
    event = _proxy_event(request, match, path, stage.name, api.id, stage.variables)
    context = event["requestContext"]
    own = {
        "path": f"/{stage.name}{path}",
        "domainPrefix": api.id,
        "deploymentId": stage.deployment_id,
        "extendedRequestId": base64.b64encode(uuid.uuid4().bytes[:11]).decode(),
        "identity": {**dict.fromkeys(UNKNOWN_CALLER), **context["identity"]},
    }
    return {**event, "requestContext": {**context, **own}}


def http_event_1(request: Request, api: Any, stage: Any, match: Match, path: str) -> dict[str, Any]:
    """Return the event of an HTTP API, payload format 1.0: a REST API's, with the stage in the path."""
    raw_path = path if stage.name == "$default" else f"/{stage.name}{path}"
    event = _proxy_event(request, match, raw_path, stage.name, api.api_id, stage.stage_variables)
    return {**event, "version": "1.0", "resource": match.key.partition(" ")[2] or match.key}


def _proxy_event(
    request: Request, match: Match, path: str, stage: str, api_id: str, variables: Mapping[str, str] | None
) -> dict[str, Any]:
    body, encoded = _body(request)
    now = datetime.now(UTC)
    single = {name: values[-1] for name, values in request.args.lists()}
    headers = {name.title(): value for name, value in request.headers.items()}
    return {
        "resource": match.key,
        "path": path,
        "httpMethod": request.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": single or None,
        "multiValueQueryStringParameters": dict(request.args.lists()) or None,
        "pathParameters": match.parameters or None,
        "stageVariables": dict(variables or {}) or None,
        "requestContext": {
            "resourceId": match.resource_id,
            "resourcePath": match.key,
            "httpMethod": request.method,
            "path": path,
            "accountId": settings.current().account_id,
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainName": f"127.0.0.1:{settings.current().port}",
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "requestId": str(uuid.uuid4()),
            "identity": {"sourceIp": "127.0.0.1", "userAgent": request.headers.get("User-Agent")},
            "apiId": api_id,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def http_event(request: Request, api: Any, stage: Any, match: Match, path: str) -> dict[str, Any]:
    """Return the event of an HTTP API, payload format 2.0."""
    body, encoded = _body(request)
    now = datetime.now(UTC)
    raw_path = path if stage.name == "$default" else f"/{stage.name}{path}"
    event = {
        "version": "2.0",
        "routeKey": match.key,
        "rawPath": raw_path,
        "rawQueryString": request.query_string.decode(),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "queryStringParameters": {name: ",".join(values) for name, values in request.args.lists()},
        "pathParameters": match.parameters,
        "stageVariables": dict(stage.stage_variables or {}),
        "requestContext": {
            "accountId": settings.current().account_id,
            "apiId": api.api_id,
            "domainName": f"127.0.0.1:{settings.current().port}",
            "domainPrefix": api.api_id,
            "http": {
                "method": request.method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": match.key,
            "stage": stage.name,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(time.time() * 1000),
        },
        "body": body,
        "isBase64Encoded": encoded,
    }
    optional = ("queryStringParameters", "pathParameters", "stageVariables", "body")
    return {key: value for key, value in event.items() if value or key not in optional}


def message(status: int, text: str, **more: Any) -> Response:
    """Return one of API Gateway's own answers."""
    return Response(json.dumps({"message": text, **more}), status=status, mimetype="application/json")


def response(result: Any, *, strict: bool) -> Response | None:
    """Make a response of what a function returned; None where it isn't one.

    Args:
        result: the decoded result of the function.
        strict: a REST API takes only {"statusCode": …}; an HTTP API takes any value as a JSON body.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        if strict:
            return None
        return Response(json.dumps(result), status=200, mimetype="application/json")
    try:
        status = int(result["statusCode"])
        body = result.get("body")
        if body is not None and not isinstance(body, str):
            if strict:
                return None
            body = json.dumps(body)
        data = base64.b64decode(body or "") if result.get("isBase64Encoded") else (body or "").encode()
    except (TypeError, ValueError):
        return None
    made = Response(data, status=status)
    made.headers["Content-Type"] = "application/json"
    for name, value in (result.get("headers") or {}).items():
        if name.lower() not in HOP:
            made.headers[name] = str(value)
    for name, values in (result.get("multiValueHeaders") or {}).items():
        made.headers.remove(name)
        for value in values:
            made.headers.add(name, str(value))
    for cookie in result.get("cookies") or []:
        made.headers.add("Set-Cookie", cookie)
    return made
