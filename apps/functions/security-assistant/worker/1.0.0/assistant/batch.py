"""The loop over an SQS batch: message -> job -> findings (Lambda, "Reporting batch item failures")."""

from __future__ import annotations

import json
from typing import Any

from assistant import analysis, jobs
from assistant.log import say


class BatchFailedError(Exception):
    """No message of a batch could be processed."""


class UnknownJobError(Exception):
    """A message names a job that isn't in the table."""


def process(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Process the messages and answer which of them to deliver again.

    Raises:
        BatchFailedError: every message failed. Lambda counts a batch with reported failures as a success, so without
            this a function that fails on everything would show no errors, and no alarm would see it.
    """
    failed = {}
    for record in records:
        try:
            _process(record["body"])
        except Exception as error:
            # Whatever went wrong with one message, the others still have their turn.
            failed[record["messageId"]] = f"{type(error).__name__}: {error}"
            say("Job failed", message_id=record["messageId"], error=failed[record["messageId"]])
    if failed and len(failed) == len(records):
        raise BatchFailedError(f"all {len(records)} messages failed, the first with {next(iter(failed.values()))}")
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _process(body: str) -> None:
    """Do the job that a message names; doing one again replaces what was found before.

    Raises:
        UnknownJobError: the table has no such job.
        Exception: whatever the message, the analysis or the table made of it; the job then says why it failed.
    """
    job_id = json.loads(body)["job_id"]
    item = jobs.read(job_id)
    if item is None:
        raise UnknownJobError(f"there is no job {job_id}")
    try:
        result = analysis.analyse(item["design"])
        jobs.complete(job_id, result)
    except Exception as error:
        jobs.fail(job_id, f"{type(error).__name__}: {error}")
        raise
    say("Job completed", job_id=job_id, findings=len(result["findings"]))
