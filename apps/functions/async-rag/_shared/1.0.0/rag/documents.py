"""Documents and their passages in PostgreSQL."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rag.database import Connection
from rag.text import words
from rag.uploads import Upload


@dataclass(frozen=True)
class Passage:
    """A piece of one page's text."""

    page_number: int
    content: str


def store(connection: Connection, upload: Upload, content: bytes, page_count: int, passages: list[Passage]) -> None:
    """Write a document and its passages, replacing those of an earlier run over the same object.

    Storing the same document any number of times leaves the same rows; created_at stays that of the first time.
    """
    connection.execute(
        """
        INSERT INTO documents (id, bucket, key, title, page_count, content_sha256)
        VALUES (%s, %s, %s, %s, %s, %s)
        ON CONFLICT (id) DO UPDATE
        SET page_count = excluded.page_count, content_sha256 = excluded.content_sha256, updated_at = now()
        """,
        (
            upload.document_id,
            upload.bucket,
            upload.key,
            upload.title,
            page_count,
            hashlib.sha256(content).hexdigest(),
        ),
    )
    connection.execute("DELETE FROM document_chunks WHERE document_id = %s", (upload.document_id,))
    insert_passages(connection, upload, passages)


def insert_passages(connection: Connection, upload: Upload, passages: list[Passage]) -> None:
    """Add the passages of a document that has none, numbered in their order."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO document_chunks (document_id, chunk_index, page_number, content, word_count)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                (upload.document_id, index, passage.page_number, passage.content, len(words(passage.content)))
                for index, passage in enumerate(passages)
            ],
        )
