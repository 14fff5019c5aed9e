"""What the text pipeline keeps of a document."""

from __future__ import annotations

from collections import Counter

from rag import chunks
from rag.database import Connection
from rag.documents import Passage
from rag.pdf import Page
from rag.pipeline import Source, store_indexed

# Below this many pages a line that comes back on each may well be content.
_FEWEST_PAGES = 3


def store(connection: Connection, source: Source) -> None:
    """Write the text of each page in passages, without the header and footer lines that every page repeats."""
    repeated = _repeated_lines(source.pages)
    passages = [
        Passage(page.number, passage)
        for page in source.pages
        for passage in chunks.split("\n".join(line for line in page.text.splitlines() if line not in repeated))
    ]
    store_indexed(connection, source, passages, "text_rag")


def _repeated_lines(pages: list[Page]) -> set[str]:
    if len(pages) < _FEWEST_PAGES:
        return set()
    counts = Counter(line for page in pages for line in set(page.text.splitlines()))
    return {line for line, count in counts.items() if count == len(pages)}
