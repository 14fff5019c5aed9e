"""The loop that both SQS processors share: message -> document -> rows, with its status kept up to date."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rag import documents, hybrid, notices, pdf, schema, status, uploads
from rag.database import Connection, session
from rag.documents import Passage
from rag.log import say
from rag.uploads import Upload


@dataclass(frozen=True)
class Source:
    """A document as it came: where from, its bytes and what they hold."""

    upload: Upload
    content: bytes
    pages: list[pdf.Page]


Store = Callable[[Connection, Source], None]
"""Writes one document inside the transaction it is given."""


class BatchFailedError(Exception):
    """No message of a batch could be processed."""


def process_batch(event: dict[str, Any], pipeline: str, store: Store) -> dict[str, Any]:
    """Process an SQS batch and answer which messages to deliver again (Lambda, "Reporting batch item failures").

    Raises:
        BatchFailedError: every message failed. Lambda counts a batch with reported failures as a success, so without
            this a function that fails on everything would show no errors, and no alarm would see it.
    """
    records = event["Records"]
    failed = {}
    for record in records:
        try:
            process_message(record["body"], pipeline, store)
        except Exception as error:
            # Whatever went wrong with one message, the others still have their turn.
            failed[record["messageId"]] = f"{type(error).__name__}: {error}"
            say("Processing failed", message_id=record["messageId"], error=failed[record["messageId"]])
    if failed and len(failed) == len(records):
        raise BatchFailedError(f"all {len(records)} messages failed, the first with {next(iter(failed.values()))}")
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def process_message(body: str, pipeline: str, store: Store) -> None:
    """Process the document that one message names; on an error its status says why, and the error goes on."""
    started = time.monotonic()
    message = json.loads(body)
    upload = Upload(message["bucket"], message["key"], message.get("etag", ""))
    try:
        _change(upload, "processing", pipeline)
        content = uploads.read(upload)
        source = Source(upload, content, pdf.parse(content))
        with session() as connection:
            schema.ensure(connection)
            store(connection, source)
    except Exception as error:
        _change(upload, "failed", pipeline, f"{type(error).__name__}: {error}")
        raise
    _change(upload, "completed", pipeline)
    seconds = f"{time.monotonic() - started:.3f}"
    say("Processing complete", document_id=upload.document_id, pipeline=pipeline, seconds=seconds)


def store_indexed(connection: Connection, source: Source, passages: list[Passage], pipeline: str) -> None:
    """Write a document with its passages, which pipeline made them, and their BM25 index."""
    upload = source.upload
    former = hybrid.terms_of(connection, upload)
    documents.store(connection, upload, source.content, len(source.pages), passages)
    connection.execute("UPDATE documents SET pipeline_type = %s WHERE id = %s", (pipeline, upload.document_id))
    hybrid.index(connection, upload, former)


def _change(upload: Upload, new: status.Status, pipeline: str, reason: str = "") -> None:
    status.mark(upload, new, pipeline, reason)
    notices.tell(upload.document_id, new, reason)
