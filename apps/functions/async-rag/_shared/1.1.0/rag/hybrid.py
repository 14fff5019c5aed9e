"""The BM25 index over passages (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""

from __future__ import annotations

from collections import Counter

from rag.database import Connection
from rag.search import Hit
from rag.text import words
from rag.uploads import Upload

# Refreshing the shared counts of terms in one transaction at a time: two in different orders would deadlock.
_LOCK = 7_261_939

_TERMS_OF_DOCUMENT = """
SELECT DISTINCT i.term FROM chunk_bm25_index i JOIN document_chunks c ON c.id = i.chunk_id WHERE c.document_id = %s
"""

_REFRESH = """
WITH counted AS (
    SELECT wanted.term, count(i.chunk_id) AS chunk_count
    FROM unnest(%(terms)s::text[]) AS wanted (term) LEFT JOIN chunk_bm25_index i ON i.term = wanted.term
    GROUP BY wanted.term
), gone AS (
    DELETE FROM bm25_term_stats WHERE term IN (SELECT term FROM counted WHERE chunk_count = 0)
)
INSERT INTO bm25_term_stats (term, chunk_count) SELECT term, chunk_count FROM counted WHERE chunk_count > 0
ON CONFLICT (term) DO UPDATE SET chunk_count = excluded.chunk_count
"""

_RANK = """
WITH setting AS (
    SELECT max(value) FILTER (WHERE name = 'k1') AS k1, max(value) FILTER (WHERE name = 'b') AS b
    FROM hybrid_search_config
), corpus AS (
    SELECT sum(chunk_count)::float8 AS chunks, sum(word_count)::float8 / sum(chunk_count) AS average
    FROM document_bm25_metadata
    HAVING sum(chunk_count) > 0
), rarity AS (
    SELECT term, ln(1 + (greatest(chunks, chunk_count) - chunk_count + 0.5) / (chunk_count + 0.5)) AS idf
    FROM bm25_term_stats, corpus WHERE term = ANY(%(terms)s)
)
SELECT d.id::text, d.bucket, d.key, c.chunk_index, c.page_number, c.content,
    sum(idf * i.frequency * (k1 + 1) / (i.frequency + k1 * (1 - b + b * c.word_count / average)))::float8 AS score
FROM rarity
JOIN chunk_bm25_index i USING (term)
JOIN document_chunks c ON c.id = i.chunk_id
JOIN documents d ON d.id = c.document_id
CROSS JOIN setting CROSS JOIN corpus
GROUP BY d.id, c.id
ORDER BY score DESC, d.id, c.chunk_index
LIMIT %(limit)s
"""


def holds_data(connection: Connection) -> bool:
    """Whether there is an index with something in it; a full rollback drops its tables (seed 000, level 3)."""
    if connection.execute("SELECT to_regclass('chunk_bm25_index')").fetchone() == (None,):
        return False
    return connection.execute("SELECT EXISTS (SELECT FROM chunk_bm25_index)").fetchone() == (True,)


def terms_of(connection: Connection, upload: Upload) -> set[str]:
    """Return the indexed terms of a document: ask before its passages are replaced, and pass them to `index`."""
    return {term for (term,) in connection.execute(_TERMS_OF_DOCUMENT, (upload.document_id,))}


def index(connection: Connection, upload: Upload, former_terms: set[str]) -> None:
    """Index the stored passages of a document, and count again the terms it has and the ones it had."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    passages = connection.execute(
        "SELECT id, content, word_count FROM document_chunks WHERE document_id = %s", (upload.document_id,)
    ).fetchall()
    rows = [(chunk, term, count) for chunk, content, _ in passages for term, count in Counter(words(content)).items()]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO chunk_bm25_index (chunk_id, term, frequency) VALUES (%s, %s, %s)", rows)
    connection.execute(_REFRESH, {"terms": sorted(former_terms | {term for _, term, _ in rows})})
    connection.execute(
        """
        INSERT INTO document_bm25_metadata (document_id, chunk_count, word_count) VALUES (%s, %s, %s)
        ON CONFLICT (document_id) DO UPDATE
        SET chunk_count = excluded.chunk_count, word_count = excluded.word_count, indexed_at = now()
        """,
        (upload.document_id, len(passages), sum(count for _, _, count in passages)),
    )


def rank(connection: Connection, query: str, limit: int) -> list[Hit]:
    """Return the passages with the highest BM25 scores for the query."""
    terms = sorted(set(words(query)))
    return [Hit(*row) for row in connection.execute(_RANK, {"terms": terms, "limit": limit})]
