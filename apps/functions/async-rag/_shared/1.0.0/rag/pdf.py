"""What a PDF holds: per page its text, and its size and images."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass

from pypdf import PageObject, PdfReader

# pypdf warns about every oddity that it repairs; a document is either readable or reported as malformed.
logging.getLogger("pypdf").setLevel(logging.ERROR)


class MalformedDocumentError(Exception):
    """The bytes are not a readable PDF."""


@dataclass(frozen=True)
class Page:
    """One page; width and height in points (1/72 inch)."""

    number: int
    text: str
    width: float
    height: float
    images: int


def parse(content: bytes) -> list[Page]:
    """Return the pages of a PDF.

    Raises:
        MalformedDocumentError: not a PDF, encrypted, damaged beyond repair, or without pages.
    """
    try:
        pages = [_page(number, page) for number, page in enumerate(PdfReader(io.BytesIO(content)).pages, start=1)]
    except Exception as error:
        # On damaged input pypdf raises its own errors and plain KeyError, TypeError or RecursionError alike.
        raise MalformedDocumentError(f"not a readable PDF: {type(error).__name__}: {error}") from error
    if not pages:
        raise MalformedDocumentError("not a readable PDF: it has no pages")
    return pages


def _page(number: int, page: PageObject) -> Page:
    # PostgreSQL text takes neither NUL nor lone surrogates, and broken font tables yield both.
    text = page.extract_text().replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    width, height = float(page.mediabox.width), float(page.mediabox.height)
    return Page(number, text.strip(), width, height, _count_images(page))


def _count_images(page: PageObject) -> int:
    resources = page.get("/Resources")
    drawings = resources.get_object().get("/XObject") if resources else None
    if not drawings:
        return 0
    return sum(1 for drawing in drawings.get_object().values() if drawing.get_object().get("/Subtype") == "/Image")
