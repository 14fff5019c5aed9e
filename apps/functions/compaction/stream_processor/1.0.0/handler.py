"""The table's stream, sorted into the metadata and the label queue."""

from __future__ import annotations

from typing import Any

from compaction import changes, streams


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Queue the updates that a batch of stream records calls for."""
    return streams.process(event, changes.updates_of)
