"""$default of the WebSocket API: messages that no route takes."""

from __future__ import annotations

from typing import Any

from rag import delivery

_ANSWER = {"error": 'unknown action: send {"action": "subscribe", "document_id": "..."}'}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Tell the sender what it can send."""
    delivery.send(event["requestContext"]["connectionId"], _ANSWER)
    return {"statusCode": 200}
