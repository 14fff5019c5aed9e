"""The text pipeline: passages of running text, indexed for search."""

from __future__ import annotations

from typing import Any

from rag import pipeline

import storing


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of documents."""
    return pipeline.process_batch(event, "text_rag", storing.store)
