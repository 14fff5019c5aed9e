"""The front of the asynchronous path: a PDF upload is given to its pipeline's queue."""

from __future__ import annotations

import json
import os
from typing import Any

from rag import aws, notices, pdf, status, uploads
from rag.log import say
from rag.uploads import Upload

import routing

_QUEUES = {"vdr": "VDR_QUEUE_URL", "text_rag": "TEXT_RAG_QUEUE_URL"}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Queue the uploads of an S3 event. A repeated event queues them again: the processors are idempotent."""
    queued = []
    for upload in uploads.from_event(event):
        pipeline = _pipeline(upload)
        status.queue(upload, pipeline)
        message = {"document_id": upload.document_id, "bucket": upload.bucket, "key": upload.key, "etag": upload.etag}
        aws.client("sqs").send_message(QueueUrl=os.environ[_QUEUES[pipeline]], MessageBody=json.dumps(message))
        notices.tell(upload.document_id, "queued")
        say("Document queued", document_id=upload.document_id, pipeline=pipeline)
        queued.append({"document_id": upload.document_id, "pipeline": pipeline})
    return {"queued": queued}


def _pipeline(upload: Upload) -> routing.Pipeline:
    try:
        return routing.choose(pdf.parse(uploads.read(upload)))
    except pdf.MalformedDocumentError:
        # The processor fails on it too, and there it is recorded and ends in the dead-letter queue for a person.
        return "text_rag"
