"""Extra HTTP endpoints of the account server, under /_sandbox/ and /_aws/."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Request, Response

Handler = Callable[[Request], Any]

_exact: dict[str, Handler] = {}
_prefixes: dict[str, Handler] = {}


def route(path: str) -> Callable[[Handler], Handler]:
    """Register the decorated function for `path`; a path that ends in "/" takes everything below it too.

    The function gets a werkzeug request. What it returns is sent as it is (a Response) or as JSON (anything else).
    """

    def register(handler: Handler) -> Handler:
        (_prefixes if path.endswith("/") else _exact)[path] = handler
        return handler

    return register


def find(path: str) -> Handler | None:
    """Return the handler for a request path, None where no extra endpoint has it."""
    if path in _exact:
        return _exact[path]
    return next((handler for prefix, handler in _prefixes.items() if path.startswith(prefix)), None)


def answer(handler: Handler, environ: dict[str, Any]) -> Response:
    """Run a handler and shape what it returns."""
    result = handler(Request(environ))
    if isinstance(result, Response):
        return result
    return Response(json.dumps(result, default=str, sort_keys=True) + "\n", mimetype="application/json")
