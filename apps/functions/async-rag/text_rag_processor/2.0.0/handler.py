"""The text pipeline: passages of running text, indexed for search, with their language."""

from __future__ import annotations

from typing import Any

from rag import pipeline
from rag.database import Connection
from rag.pipeline import Source

import languages
import storing


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of documents."""
    return pipeline.process_batch(event, "text_rag", _store)


def _store(connection: Connection, source: Source) -> None:
    storing.store(connection, source)
    language = languages.detect(" ".join(page.text for page in source.pages))
    connection.execute(
        "UPDATE document_chunks SET language = %s WHERE document_id = %s", (language, source.upload.document_id)
    )
