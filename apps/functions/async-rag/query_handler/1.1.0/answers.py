"""Which passages answer a query."""

from __future__ import annotations

from rag import hybrid, schema, search
from rag.database import Connection
from rag.search import Hit


def find(connection: Connection, query: str, top_k: int) -> tuple[str, list[Hit]]:
    """Return the kind of search and its best hits: BM25 where there is an index, otherwise keywords.

    Reading never migrates: a full rollback drops the index tables while this code may still serve.
    """
    if hybrid.holds_data(connection):
        return "bm25", hybrid.rank(connection, query, top_k)
    if "document_chunks" not in schema.present(connection):
        return "keyword", []
    return "keyword", search.keyword(connection, query, top_k)
