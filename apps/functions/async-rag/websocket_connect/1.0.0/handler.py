"""$connect of the WebSocket API: remember the connection."""

from __future__ import annotations

from typing import Any

from rag import connections
from rag.log import say


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Accept a connection."""
    connection_id = event["requestContext"]["connectionId"]
    connections.add(connection_id)
    say("Connected", connection=connection_id)
    return {"statusCode": 200}
