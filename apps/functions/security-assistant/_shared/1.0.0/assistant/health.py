"""Whether what a function depends on can be reached."""

from __future__ import annotations

import os
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from assistant import aws, jobs


def report() -> dict[str, Any]:
    """Return {"status": "ok", "release", "stage"}, or the status "unhealthy" with the problem.

    The table and, where the function knows it, the queue are asked with permissions that the function has anyway.
    """
    about = {"release": os.environ.get("RELEASE", ""), "stage": os.environ.get("STAGE", "")}
    try:
        jobs.read("health")
        if queue := os.environ.get("PROCESSING_QUEUE_URL"):
            aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    except (BotoCoreError, ClientError) as error:
        return {"status": "unhealthy", "problem": str(error), **about}
    return {"status": "ok", **about}
