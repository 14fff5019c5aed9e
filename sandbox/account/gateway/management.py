"""@connections on the WebSocket port itself.

On AWS a WebSocket API and its management API share one host: functions post to
``https://<api>.execute-api.<region>.amazonaws.com/<stage>/@connections/<id>``. Here the two share the port, and what
isn't a handshake is answered as plain HTTP.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from sandbox.account.gateway import connections

MARK = "/@connections/"
LONGEST_LINE = 8192
"""Bytes of a request line that are looked at; websockets' own limit for one."""

Handler = Callable[[socket.socket, object], None]


def beside(handshakes: Handler) -> Handler:
    """A connection handler that answers management requests itself and hands everything else to ``handshakes``."""

    def handle(connection: socket.socket, address: object) -> None:
        if MARK.encode() in _request_line(connection):
            with connection:
                Management(connection, address, None)  # type: ignore[arg-type]
        else:
            handshakes(connection, address)

    return handle


def _request_line(connection: socket.socket) -> bytes:
    """The first line that a client sends, left unread; what came of it when the client stops or takes too long."""
    connection.settimeout(10)
    seen = b""
    try:
        while b"\n" not in seen and len(seen) < LONGEST_LINE:
            more = connection.recv(LONGEST_LINE, socket.MSG_PEEK)
            if len(more) == len(seen):
                # Peeking returns at once while there is a beginning: wait for the rest by asking for more than that.
                more = connection.recv(len(seen) + 1, socket.MSG_PEEK | socket.MSG_WAITALL)
                if len(more) == len(seen):
                    break
            seen = more
    except OSError:
        return seen
    finally:
        connection.settimeout(None)
    return seen.partition(b"\n")[0]


class Management(BaseHTTPRequestHandler):
    """One client of the management API."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        builder = EnvironBuilder(method=self.command, path="/", data=self.rfile.read(length))
        answer = connections.handle(Request(builder.get_environ()), self.path.partition(MARK)[2])
        body = answer.get_data()
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, format: str, *args: object) -> None:
        """No access log."""
