"""Which passages answer a query."""

from __future__ import annotations

from rag import schema, search
from rag.database import Connection
from rag.search import Hit


def find(connection: Connection, query: str, top_k: int) -> tuple[str, list[Hit]]:
    """Return the kind of search and its best hits; no hits before the first document made the tables."""
    if "document_chunks" not in schema.present(connection):
        return "keyword", []
    return "keyword", search.keyword(connection, query, top_k)
