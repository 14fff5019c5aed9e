"""What the text pipeline keeps of a document."""

from __future__ import annotations

from rag import chunks
from rag.database import Connection
from rag.documents import Passage
from rag.pipeline import Source, store_indexed


def store(connection: Connection, source: Source) -> None:
    """Write the text of each page in passages."""
    passages = [Passage(page.number, passage) for page in source.pages for passage in chunks.split(page.text)]
    store_indexed(connection, source, passages, "text_rag")
