"""Jobs with the same design as another."""

from __future__ import annotations

import hashlib
import os

from assistant import aws, jobs


def fingerprint(design: str) -> str:
    """Return what designs with the same words, however laid out, have in common: a SHA-256, hex."""
    return hashlib.sha256(" ".join(design.lower().split()).encode()).hexdigest()


def find(wanted: str) -> list[str]:
    """Return the ids of the jobs whose design has a fingerprint."""
    pages = (
        aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=os.environ["JOBS_TABLE"], ProjectionExpression="job_id")
    )
    ids = [item["job_id"]["S"] for page in pages for item in page["Items"]]
    items = [item for item in (jobs.read(job_id) for job_id in ids) if item is not None]
    return sorted(item["job_id"] for item in items if item["fingerprint"] == wanted)
