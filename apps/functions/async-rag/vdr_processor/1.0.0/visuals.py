"""The words by which a pictured page is found."""

from __future__ import annotations

from rag.pdf import Page
from rag.uploads import Upload


def describe(upload: Upload, page: Page) -> str:
    """Return the file's title, the page number and the page's caption."""
    return f"{upload.title} page {page.number} {page.text}".strip()
