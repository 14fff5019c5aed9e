"""Passages that the BM25 index doesn't know: those the legacy path stored while traffic was rolled back to it."""

from __future__ import annotations

from rag.database import Connection
from rag.search import Hit, keyword

_INDEXED = """
SELECT c.document_id::text, c.chunk_index FROM document_chunks c
WHERE c.document_id = ANY(%s) AND EXISTS (SELECT FROM chunk_bm25_index i WHERE i.chunk_id = c.id)
"""


def find(connection: Connection, query: str, limit: int) -> list[Hit]:
    """Return the best keyword hits among the passages without index rows."""
    hits = keyword(connection, query, limit)
    indexed = set(connection.execute(_INDEXED, ([hit.document_id for hit in hits],)).fetchall())
    return [hit for hit in hits if (hit.document_id, hit.chunk_index) not in indexed]
