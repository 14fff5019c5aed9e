"""The legacy path: a PDF upload is read, cut and stored while S3's event waits. No queue, no status table."""

from __future__ import annotations

import os
import time
from typing import Any

from rag import chunks, documents, pdf, schema, uploads
from rag.database import session
from rag.documents import Passage
from rag.log import say
from rag.uploads import Upload

from records import each


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Store the uploads of an S3 event; `{"test": true}` checks the way to the database (seed 000, level 1, step 2)."""
    if event.get("test"):
        return _test()
    stored = each(uploads.from_event(event), _process)
    return {"processed": stored}


def _test() -> dict[str, Any]:
    with session() as connection:
        schema.ensure(connection)
        row = connection.execute("SELECT count(*) FROM documents").fetchone()
    return {"ok": True, "release": os.environ.get("RELEASE", ""), "documents": row[0] if row else 0}


def _process(upload: Upload) -> None:
    started = time.monotonic()
    content = uploads.read(upload)
    pages = pdf.parse(content)
    passages = [Passage(page.number, passage) for page in pages for passage in chunks.split(page.text)]
    with session() as connection:
        schema.ensure(connection)
        documents.store(connection, upload, content, len(pages), passages)
    say("Processing complete", document_id=upload.document_id, seconds=f"{time.monotonic() - started:.3f}")
