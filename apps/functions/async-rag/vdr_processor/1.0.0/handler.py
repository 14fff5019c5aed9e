"""The visual pipeline (visual document retrieval): pages as pictures, found by their captions and the file's name."""

from __future__ import annotations

from typing import Any

from rag import pipeline
from rag.database import Connection
from rag.documents import Passage
from rag.pipeline import Source

from visuals import describe


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of documents."""
    return pipeline.process_batch(event, "vdr", _store)


def _store(connection: Connection, source: Source) -> None:
    passages = [Passage(page.number, describe(source.upload, page)) for page in source.pages]
    pipeline.store_indexed(connection, source, passages, "vdr")
    document_id = source.upload.document_id
    connection.execute("DELETE FROM document_vdr_pages WHERE document_id = %s", (document_id,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO document_vdr_pages (document_id, page_number, width, height, image_count, caption)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [(document_id, page.number, page.width, page.height, page.images, page.text) for page in source.pages],
        )
