"""New jobs: record and queue them, unless the same design was sent before."""

from __future__ import annotations

import json
import os
import uuid

from assistant import aws, jobs, similar
from assistant.log import say


def accept(design: str) -> str:
    """Record a job and queue it, and return its id; a design that was sent before keeps the job it has.

    Raises:
        botocore.exceptions.ClientError: the table or the queue refuses it.
    """
    mark = similar.fingerprint(design)
    if known := similar.find(mark):
        return known[0]
    job_id = str(uuid.uuid4())
    jobs.put({"job_id": job_id, "design": design, "fingerprint": mark})
    try:
        queue(job_id)
    except Exception:
        jobs.fail(job_id, "it could not be queued")
        raise
    say("Job accepted", job_id=job_id, characters=len(design))
    return job_id


def queue(job_id: str) -> None:
    """Send a job to the workers; sent again, it is done again."""
    message = json.dumps({"job_id": job_id})
    aws.client("sqs").send_message(QueueUrl=os.environ["PROCESSING_QUEUE_URL"], MessageBody=message)
