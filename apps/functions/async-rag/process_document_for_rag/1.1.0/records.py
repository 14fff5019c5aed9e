"""How the uploads of one event are gone through."""

from __future__ import annotations

from collections.abc import Callable

from rag.log import say
from rag.uploads import Upload


class UploadsFailedError(Exception):
    """Some uploads of an event could not be stored."""


def each(uploads: list[Upload], process: Callable[[Upload], None]) -> list[str]:
    """Process every upload, also after one failed, and return their document ids.

    Raises:
        UploadsFailedError: names the uploads that failed, so that Lambda retries the event; storing is idempotent.
    """
    failed = []
    for upload in uploads:
        try:
            process(upload)
        except Exception as error:
            # Whatever is wrong with one document, the others of the event are stored.
            say("Processing failed", document_id=upload.document_id, error=f"{type(error).__name__}: {error}")
            failed.append(f"{upload.bucket}/{upload.key}: {error}")
    if failed:
        raise UploadsFailedError("; ".join(failed))
    return [upload.document_id for upload in uploads]
