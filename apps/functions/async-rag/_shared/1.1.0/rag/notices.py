"""What the subscribers of a document are told."""

from __future__ import annotations

import os

from botocore.exceptions import BotoCoreError, ClientError

from rag import connections, delivery
from rag.log import say


def tell(document_id: str, status: str, reason: str = "") -> None:
    """Tell a document's subscribers its status. Failing to is logged and stops nothing: they can still ask."""
    if not os.environ.get("WEBSOCKET_ENDPOINT"):
        return
    message = {"document_id": document_id, "status": status}
    if reason:
        message["reason"] = reason
    try:
        for connection_id in connections.of(document_id):
            delivery.send(connection_id, message)
    except (BotoCoreError, ClientError) as error:
        say("Subscribers not told", document_id=document_id, error=error)
