"""WebSocket APIs: ws://127.0.0.1:<websocket port>/<api>/<stage>.

After the API Gateway Developer Guide, "Working with WebSocket APIs": $connect decides whether the connection is made,
a message goes to the route that the selection expression names, else to $default; $disconnect ends it.
"""

from __future__ import annotations

import base64
import http
import json
import re
import secrets
import time
import uuid
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from sandbox.account import background, functions, metrics, settings
from sandbox.account.gateway import apis, connections, management

BODY_FIELD = re.compile(r"^\$\{?request\.body\.([\w.]+)\}?$")


class Session:
    """One client's connection to one stage."""

    def __init__(self, api: Any, stage: Any, socket: ServerConnection, headers: dict[str, str]) -> None:
        self.api, self.stage, self.socket, self.headers = api, stage, socket, headers
        self.id = base64.b64encode(secrets.token_bytes(11)).decode()
        self.connected = int(time.time() * 1000)
        self.query: dict[str, str] = {}

    @property
    def region(self) -> str:
        """Return the API's region."""
        return str(self.api.backend.region_name)

    def route(self, key: str) -> Any:
        """Return the API's route with this key, or None."""
        return next((route for route in self.api.routes.values() if route.route_key == key), None)

    def event(self, key: str, kind: str, body: str | bytes | None) -> dict[str, Any]:
        """Return the event of a route's proxy integration."""
        now = int(time.time() * 1000)
        context = {
            "routeKey": key,
            "eventType": kind,
            "extendedRequestId": uuid.uuid4().hex[:12],
            "requestTimeEpoch": now,
            "messageDirection": "IN",
            "stage": self.stage.name,
            "connectedAt": self.connected,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": self.headers.get("User-Agent")},
            "requestId": str(uuid.uuid4()),
            "domainName": f"127.0.0.1:{settings.current().port}",
            "connectionId": self.id,
            "apiId": self.api.api_id,
        }
        event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": isinstance(body, bytes)}
        if kind == "MESSAGE":
            context["messageId"] = uuid.uuid4().hex[:16]
            event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
            return event
        event["headers"] = self.headers
        event["multiValueHeaders"] = {name: [value] for name, value in self.headers.items()}
        if kind == "CONNECT" and self.query:
            event["queryStringParameters"] = self.query
            event["multiValueQueryStringParameters"] = {name: [value] for name, value in self.query.items()}
        return event

    def run(self, route: Any, kind: str, body: str | bytes | None = None) -> tuple[int, Any]:
        """Run a route's function; returns the status and the body that it answered with."""
        integration = apis.integration_of(self.api, route)
        if integration is not None and integration.integration_type == "MOCK":
            return 200, None
        target = apis.lambda_of(getattr(integration, "integration_uri", None))
        if target is None:
            return 500, None
        try:
            with background.GATE.shared():
                outcome = functions.invoke(target, self.event(route.route_key, kind, body), region=self.region)
        except functions.NotFound:
            return 500, None
        if outcome.error or outcome.throttled:
            return 500, None
        result = outcome.payload
        if isinstance(result, dict) and "statusCode" in result:
            return int(result["statusCode"]), result.get("body")
        return (200, None) if result is None else (500, None)

    def count(self, name: str, value: float = 1.0, unit: str = "Count") -> None:
        """Write a metric of the API."""
        for where in ({"ApiId": self.api.api_id}, {"ApiId": self.api.api_id, "Stage": self.stage.name}):
            metrics.put(self.region, "AWS/ApiGateway", name, value, where, unit)


_sessions: dict[int, Session] = {}


def _open(socket: ServerConnection, request: Any) -> Any:
    """Decide about a handshake: an unknown API or stage, or a $connect that doesn't answer 2xx, refuses it."""
    from urllib.parse import parse_qsl, urlsplit

    parts = urlsplit(request.path)
    api_id, _, stage_name = parts.path.strip("/").partition("/")
    api = apis.http_api(api_id)
    if api is None or api.protocol_type != "WEBSOCKET" or stage_name not in api.stages:
        return socket.respond(http.HTTPStatus.FORBIDDEN, json.dumps({"message": "Forbidden"}) + "\n")
    session = Session(api, api.stages[stage_name], socket, dict(request.headers.raw_items()))
    session.query = dict(parse_qsl(parts.query))
    connect = session.route("$connect")
    if connect is not None:
        status, _ = session.run(connect, "CONNECT")
        if not 200 <= status < 300:
            session.count("ClientError" if status < 500 else "IntegrationError")
            refusal = http.HTTPStatus(status) if status in list(http.HTTPStatus) else http.HTTPStatus.BAD_GATEWAY
            return socket.respond(refusal, json.dumps({"message": refusal.phrase}) + "\n")
    session.count("ConnectCount")
    _sessions[id(socket)] = session
    return None


def _talk(socket: ServerConnection) -> None:
    session = _sessions.pop(id(socket))
    connections.add(connections.Connection(session.id, socket, session.headers.get("User-Agent", "")))
    try:
        for message in socket:
            session.count("MessageCount")
            _message(session, message)
    except ConnectionClosed:
        pass
    finally:
        connections.remove(session.id)
        route = session.route("$disconnect")
        if route is not None and not background.stopping():
            session.run(route, "DISCONNECT")


def choose(expression: str, message: str | bytes) -> str | None:
    """Return the route key that a selection expression ($request.body.action) finds in a message, or None."""
    match = BODY_FIELD.match(expression or "")
    try:
        value: Any = json.loads(message)
        for name in match[1].split(".") if match else ():
            value = value[name]
    except (ValueError, KeyError, TypeError):
        return None
    return value if match and isinstance(value, str) else None


def _message(session: Session, message: str | bytes) -> None:
    route = session.route(choose(session.api.route_selection_expression, message) or "$default")
    route = route or session.route("$default")
    problem = {"connectionId": session.id, "requestId": str(uuid.uuid4())}
    if route is None:
        session.socket.send(json.dumps({"message": "Forbidden", **problem}))
        return
    started = time.monotonic()
    status, body = session.run(route, "MESSAGE", message)
    session.count("IntegrationLatency", (time.monotonic() - started) * 1000, "Milliseconds")
    if status >= 500:
        session.count("ExecutionError")
        session.socket.send(json.dumps({"message": "Internal server error", **problem}))
    elif body is not None and (route.route_response_selection_expression or route.route_responses):
        session.socket.send(body if isinstance(body, str) else json.dumps(body))


def make(port: int) -> Server:
    """Return the WebSocket server on 127.0.0.1, bound but not yet serving."""
    import logging

    quiet = logging.getLogger("sandbox.account.websocket")
    quiet.setLevel(logging.CRITICAL)
    server = serve(_talk, "127.0.0.1", port, process_request=_open, logger=quiet, max_size=131_072)
    server.handler = management.beside(server.handler)
    return server
