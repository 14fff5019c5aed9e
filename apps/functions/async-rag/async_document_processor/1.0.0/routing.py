"""Which pipeline a document takes."""

from __future__ import annotations

from typing import Literal

from rag.pdf import Page

Pipeline = Literal["vdr", "text_rag"]


def choose(pages: list[Page]) -> Pipeline:
    """Return vdr (visual document retrieval) for documents with a page that is an image and nothing else."""
    return "vdr" if any(page.images and not page.text for page in pages) else "text_rag"
