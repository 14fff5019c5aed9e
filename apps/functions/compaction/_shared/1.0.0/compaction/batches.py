"""SQS batches: each message on its own, and only those that failed are delivered again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from compaction import metrics
from compaction.log import say


class BatchFailedError(Exception):
    """No message of a batch could be processed."""


def process(event: dict[str, Any], one: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Process a batch and answer which messages to deliver again (Lambda, "Reporting batch item failures").

    Raises:
        BatchFailedError: every message failed. Lambda counts a batch with reported failures as a success, so without
            this a function that fails on everything would show no errors, and no alarm would see it.
    """
    records = event["Records"]
    failed = {}
    for record in records:
        try:
            one(json.loads(record["body"]))
        except Exception as error:
            # Whatever went wrong with one message, the others still have their turn.
            failed[record["messageId"]] = f"{type(error).__name__}: {error}"
            say(f"ERROR {failed[record['messageId']]}", message_id=record["messageId"])
    if failed and len(failed) == len(records):
        raise BatchFailedError(f"all {len(records)} messages failed, the first with {next(iter(failed.values()))}")
    if failed:
        metrics.count(**{metrics.ERROR: len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
