"""Open WebSocket connections, and the @connections API that reaches them (apigatewaymanagementapi)."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.exceptions import ConnectionClosed
from werkzeug.wrappers import Request, Response

from sandbox.account.routes import route


@dataclass
class Connection:
    """A live connection. Times are real seconds since the epoch."""

    id: str
    socket: Any
    user_agent: str
    connected: float = field(default_factory=time.time)
    last_active: float = field(default_factory=time.time)


_open: dict[str, Connection] = {}
_lock = threading.Lock()


def add(connection: Connection) -> None:
    """Make a connection reachable."""
    with _lock:
        _open[connection.id] = connection


def remove(connection_id: str) -> None:
    """Forget a connection; it is gone for everyone from now on."""
    with _lock:
        _open.pop(connection_id, None)


@route("/@connections/")
def at_root(request: Request) -> Response:
    """Answer the management API under the account's own endpoint."""
    return handle(request, request.path.removeprefix("/@connections/"))


def handle(request: Request, connection_id: str) -> Response:
    """Send to, describe or close a connection; a dead one is 410 GoneException."""
    from urllib.parse import unquote

    connection = _open.get(unquote(connection_id))
    if connection is None:
        return _gone()
    if request.method == "GET":
        body = {
            "connectedAt": _iso(connection.connected),
            "lastActiveAt": _iso(connection.last_active),
            "identity": {"sourceIp": "127.0.0.1", "userAgent": connection.user_agent},
        }
        return Response(json.dumps(body), mimetype="application/json")
    try:
        if request.method == "DELETE":
            connection.socket.close()
            return Response(status=204)
        data = request.get_data()
        try:
            connection.socket.send(data.decode())
        except UnicodeDecodeError:
            connection.socket.send(data)
    except ConnectionClosed:
        remove(connection.id)
        return _gone()
    connection.last_active = time.time()
    return Response(status=200)


def _gone() -> Response:
    made = Response(json.dumps({"message": "Gone"}), status=410, mimetype="application/json")
    made.headers["x-amzn-ErrorType"] = "GoneException"
    return made


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
