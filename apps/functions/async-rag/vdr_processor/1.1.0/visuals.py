"""The words by which a pictured page is found."""

from __future__ import annotations

from rag.pdf import Page
from rag.uploads import Upload


def describe(upload: Upload, page: Page) -> str:
    """Return the file's title, the page number and shape, and the page's caption on one line."""
    shape = "landscape" if page.width > page.height else "portrait"
    return " ".join(f"{upload.title} {shape} page {page.number} {page.text}".split())
