"""$disconnect of the WebSocket API: forget the connection."""

from __future__ import annotations

from typing import Any

from rag import connections
from rag.log import say


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take note of an ended connection. API Gateway doesn't promise this event: the table's TTL does the rest."""
    connection_id = event["requestContext"]["connectionId"]
    connections.remove(connection_id)
    say("Disconnected", connection=connection_id)
    return {"statusCode": 200}
