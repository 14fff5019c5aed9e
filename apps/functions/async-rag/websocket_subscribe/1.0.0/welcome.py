"""What a new subscriber hears."""

from __future__ import annotations

from rag import delivery


def confirm(connection_id: str, document_id: str) -> None:
    """Confirm a subscription."""
    delivery.send(connection_id, {"document_id": document_id, "subscribed": True})
