"""Search over stored passages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rag.database import Connection
from rag.text import words


@dataclass(frozen=True)
class Hit:
    """A passage that answers a query; a higher score is a better answer."""

    document_id: str
    bucket: str
    key: str
    chunk_index: int
    page_number: int
    content: str
    score: float

    def as_dict(self) -> dict[str, Any]:
        """The hit as JSON can carry it."""
        return asdict(self)


_KEYWORD = """
SELECT document_id::text, bucket, key, chunk_index, page_number, content, score::float8
FROM (
    SELECT c.*, d.bucket, d.key, d.created_at, (
        SELECT count(*) FROM unnest(%(terms)s::text[]) AS wanted (term)
        WHERE c.content ~* ('\\m' || wanted.term || '\\M')
    ) AS score
    FROM document_chunks c JOIN documents d ON d.id = c.document_id
) AS scored
WHERE score > 0
ORDER BY score DESC, created_at DESC, document_id, chunk_index
LIMIT %(limit)s
"""


def keyword(connection: Connection, query: str, limit: int) -> list[Hit]:
    """Return the passages with most of the query's different words, newer documents first among equals."""
    terms = sorted(set(words(query)))
    return [Hit(*row) for row in connection.execute(_KEYWORD, {"terms": terms, "limit": limit})]
