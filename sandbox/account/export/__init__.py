"""The whole account as one stable document, so that two points in time can be compared.

GET /_sandbox/account returns the configuration of every service in use; ?data=1 adds what its stores hold. Two
exports with no change between them are equal byte for byte. `diff` compares two.
"""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from sandbox.account.export.compare import diff
from sandbox.account.routes import route

__all__ = ["diff"]


@route("/_sandbox/account")
def account(request: Request) -> Response:
    """Answer with the export, keys sorted, two spaces a level."""
    import json

    from sandbox.account.export import document

    found = document.account(with_data=request.args.get("data") == "1")
    return Response(json.dumps(found, sort_keys=True, indent=2) + "\n", mimetype="application/json")
