"""The HTTP side: moto's dispatcher behind the extra endpoints, one thread per request."""

from __future__ import annotations

import errno
import importlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.account import background, routes, settings
from sandbox.account.routes import route

log = logging.getLogger("sandbox.account")

READING = ("Get", "Describe", "List", "Scan", "Query", "BatchGet", "Lookup", "Search")
"""How the names of operations begin that change nothing, in services that name them in a header."""

LATE = {
    "rds": "sandbox.account.databases",
    "apigateway": "sandbox.account.gateway.api",
    "apigatewayv2": "sandbox.account.gateway.api",
}
"""Extensions by moto service that are imported when the service is first used or found in a saved account."""

StartResponse = Callable[..., Any]


class PortTakenError(Exception):
    """The port belongs to another program; its text is the one line for the user."""


class Application:
    """The WSGI application: an extra endpoint where one has the path, moto for all the rest."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication

        self._moto = DomainDispatcherApplication(_service)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a request that may have changed the account wakes the saver."""
        handler = routes.find(environ.get("PATH_INFO", ""))
        try:
            with background.GATE.shared():
                if handler is None:
                    return self._moto(environ, start_response)  # type: ignore[no-any-return]
                return routes.answer(handler, environ)(environ, start_response)
        finally:
            if changes(environ):
                background.mark_changed()


def _service(name: str) -> Any:
    """Make moto's application of one service, at its first use, after the extension that changes it."""
    from moto.moto_server.werkzeug_app import create_backend_app

    extend(name)
    return create_backend_app(name)


def extend(service: str) -> None:
    """Import the extension of a service whose import takes long, and that is therefore left until it's used."""
    if service in LATE:
        importlib.import_module(LATE[service])


def changes(environ: dict[str, Any]) -> bool:
    """Return whether a request may have changed the account, judged by its method and operation name."""
    if environ.get("REQUEST_METHOD") in ("GET", "HEAD", "OPTIONS"):
        return False
    operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
    return not operation.startswith(READING)


@route("/_sandbox/health")
def health(_: Any) -> dict[str, Any]:
    """Say that the server is ready, and whose account it is."""
    return {"account": settings.current().account_id, "ready": True}


def make(port: int) -> Any:
    """Return a threaded server on 127.0.0.1, bound but not yet serving; raises PortTakenError."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import ThreadedWSGIServer

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        """Keeps connections open between requests and writes no access log."""

        protocol_version = "HTTP/1.1"

        def log(self, type: str, message: str, *args: Any) -> None:
            """Write errors only."""
            if type == "error":
                log.error(message, *args)

    class Server(ThreadedWSGIServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that hang up are none of our business."""

    check_free(port)
    return Server("127.0.0.1", port, Application(), handler=Handler)


def check_free(port: int) -> None:
    """Raise PortTakenError where something listens on the port already (werkzeug would end the process)."""
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortTakenError(f"port {port} on 127.0.0.1 is taken by another program") from error
            raise
