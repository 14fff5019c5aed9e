"""How the uploads of one event are gone through."""

from __future__ import annotations

from collections.abc import Callable

from rag.uploads import Upload


def each(uploads: list[Upload], process: Callable[[Upload], None]) -> list[str]:
    """Process one upload after the other and return their document ids; the first error ends it."""
    for upload in uploads:
        process(upload)
    return [upload.document_id for upload in uploads]
