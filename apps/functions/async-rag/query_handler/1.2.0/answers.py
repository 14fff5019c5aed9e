"""Which passages answer a query."""

from __future__ import annotations

from rag import hybrid, schema, search, unindexed
from rag.database import Connection
from rag.search import Hit

import ranking

CANDIDATES = 50


def find(connection: Connection, query: str, top_k: int) -> tuple[str, list[Hit]]:
    """Return the kind of search and its best hits: BM25 where there is an index, otherwise keywords.

    Documents that came while traffic was rolled back to the legacy path have no index rows: keywords find those.
    Reading never migrates: a full rollback drops the index tables while this code may still serve.
    """
    if hybrid.holds_data(connection):
        found = [hybrid.rank(connection, query, CANDIDATES), unindexed.find(connection, query, CANDIDATES)]
        return "bm25", ranking.best(found, top_k)
    if "document_chunks" not in schema.present(connection):
        return "keyword", []
    return "keyword", ranking.best([search.keyword(connection, query, CANDIDATES)], top_k)
