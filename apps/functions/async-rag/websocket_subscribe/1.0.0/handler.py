"""The subscribe route of the WebSocket API: be told about a document."""

from __future__ import annotations

import json
from typing import Any

from rag import connections
from rag.log import say

from welcome import confirm


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Subscribe the connection to the document that `{"action": "subscribe", "document_id": "..."}` names."""
    connection_id = event["requestContext"]["connectionId"]
    document_id = _document_id(event.get("body") or "")
    if document_id is None:
        return {"statusCode": 400, "body": json.dumps({"error": '"document_id" must be a text'})}
    connections.subscribe(connection_id, document_id)
    confirm(connection_id, document_id)
    say("Subscribed", connection=connection_id, document_id=document_id)
    return {"statusCode": 200}


def _document_id(body: str) -> str | None:
    try:
        asked = json.loads(body)
    except ValueError:
        return None
    named = asked.get("document_id") if isinstance(asked, dict) else None
    return named if isinstance(named, str) and named else None
