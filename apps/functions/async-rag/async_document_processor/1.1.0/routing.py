"""Which pipeline a document takes."""

from __future__ import annotations

from typing import Literal

from rag.pdf import Page

Pipeline = Literal["vdr", "text_rag"]

# A page of running text has some 2,000 characters; a caption or a page number has far less than this.
_SPARSE_CHARACTERS = 100


def choose(pages: list[Page]) -> Pipeline:
    """Return vdr (visual document retrieval) when at least half of the pages are images with little text.

    One scanned signature page in a long contract doesn't make it a visual document.
    """
    visual = sum(1 for page in pages if page.images and len(page.text) < _SPARSE_CHARACTERS)
    return "vdr" if 2 * visual >= len(pages) else "text_rag"
