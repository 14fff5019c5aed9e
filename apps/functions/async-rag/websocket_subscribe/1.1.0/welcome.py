"""What a new subscriber hears."""

from __future__ import annotations

from rag import delivery, status


def confirm(connection_id: str, document_id: str) -> None:
    """Confirm a subscription with the status so far: a document may be done before its subscriber is there."""
    item = status.read(document_id)
    message = {"document_id": document_id, "subscribed": True, "status": item["status"] if item else "unknown"}
    delivery.send(connection_id, message)
