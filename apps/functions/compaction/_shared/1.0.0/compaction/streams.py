"""DynamoDB stream batches: in order, up to the first record that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from compaction import metrics, queues
from compaction.log import say

Updates = Iterable[dict[str, Any]]


class StreamFailedError(Exception):
    """Not even the first record of a batch could be processed."""


def process(event: dict[str, Any], updates_of: Callable[[dict[str, Any]], Updates]) -> dict[str, Any]:
    """Queue the updates of a batch and answer where Lambda has to begin again ("Reporting batch item failures").

    Raises:
        StreamFailedError: nothing could be processed. Lambda counts a batch with a reported failure as a success, so
            without this a function that fails on everything would show no errors, and no alarm would see it.
    """
    records = event["Records"]
    updates, failure = [], ""
    for record in records:
        try:
            updates.append(list(updates_of(record)))
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            say(f"ERROR {failure}", sequence=_sequence(record))
            break
    refused = queues.send(update for one in updates for update in one)
    done = next((n for n, one in enumerate(updates) if any(u["position"] in refused for u in one)), len(updates))
    if done:
        metrics.count(**{metrics.PROCESSED: done})
    if done == len(records):
        return {"batchItemFailures": []}
    if not done:
        reason = failure or "a queue took none of its updates"
        raise StreamFailedError(f"none of {len(records)} records was processed, the first failed with {reason}")
    return {"batchItemFailures": [{"itemIdentifier": _sequence(records[done])}]}


def _sequence(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
