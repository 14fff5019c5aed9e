"""DynamoDB streams -> Lambda: one reader per mapping, with a checkpoint that lives in the mapping.

Source: Lambda developer guide, "Process DynamoDB records with Lambda" and its error handling parameters. A failing
batch blocks the shard: it is tried again, bisected where asked for, until it passes, runs out of retries or is too
old; then its position goes to the on-failure destination and the reader moves on.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import EventSourceMapping, LambdaBackend
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.account import background, functions, metrics
from sandbox.account.event_sources import mappings

log = logging.getLogger("sandbox.account")

WORKERS = 8
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""Lambda backs off for up to a minute; a reader that waits that long would make a rollback look slow."""

_pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="stream-reader")


@dataclass
class Progress:
    """Where a reader stands with the batch at its checkpoint; it starts afresh with the server.

    Args:
        busy: a batch is running.
        attempts: failed attempts of the current batch.
        limit: size that bisecting has cut the batch to.
        not_before: monotonic time before which nothing is tried.
    """

    busy: bool = False
    attempts: int = 0
    limit: int | None = None
    not_before: float = 0.0


_progress: dict[str, Progress] = {}
_lock = threading.Lock()


@background.every(0.1, "stream-mappings")
def tick() -> float | None:
    """Start the next batch of every enabled mapping that isn't busy; rest where all have read their stream."""
    some = False
    for backend, mapping in mappings.enabled("dynamodb"):
        progress = _progress.setdefault(mapping.uuid, Progress())
        table = _table(mapping)
        if table is None or mappings.is_stopped(backend, mapping):
            continue
        if len(table.stream_shard.items) <= getattr(mapping, "checkpoint", 0):
            continue
        some = True
        if progress.busy or time.monotonic() < progress.not_before:
            continue
        batch = _next(mapping, table, progress)
        if batch:
            progress.busy = True
            _pool.submit(_deliver, backend, mapping, progress, batch)
    return None if some else background.UNTIL_CHANGED


def _table(mapping: EventSourceMapping) -> Table | None:
    """Return the table whose current stream the mapping reads; a stream that was switched off has no reader."""
    _, _, _, region, account, rest = mapping.event_source_arn.split(":", 5)
    _, name, _, label = rest.split("/", 3)
    table = dynamodb_backends[account][region].tables.get(name)
    if table is None or table.stream_shard is None or table.latest_stream_label != label:
        return None
    return table


def _next(mapping: EventSourceMapping, table: Table, progress: Progress) -> list[dict[str, Any]]:
    start = getattr(mapping, "checkpoint", 0)
    size = min(mapping.batch_size, progress.limit or mapping.batch_size)
    items = table.stream_shard.items[start : start + size]
    window = float(mapping.max_batch_window or 0)
    if window and items and len(items) < size and progress.attempts == 0 and _age(items[0].record) < window:
        return []
    return [record(item.record, mapping, table) for item in items]


def record(raw: dict[str, Any], mapping: EventSourceMapping, table: Table) -> dict[str, Any]:
    """Return a stream record as Lambda's event shows it."""
    shown: dict[str, Any] = json.loads(json.dumps(raw, default=_plain))
    shown["awsRegion"] = table.region_name
    shown["eventSourceARN"] = mapping.event_source_arn
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _age(raw: dict[str, Any]) -> float:
    return time.time() - float(_plain(raw["dynamodb"]["ApproximateCreationDateTime"]))


def _deliver(
    backend: LambdaBackend, mapping: EventSourceMapping, progress: Progress, batch: list[dict[str, Any]]
) -> None:
    try:
        wanted = [item for item in batch if mappings.matches(mapping, item)]
        if not wanted:
            _advance(mapping, progress, len(batch))
        else:
            _run(backend, mapping, progress, (batch, wanted))
    except Exception:
        log.exception("the mapping %s from %s failed", mapping.uuid, mapping.event_source_arn)
        progress.not_before = time.monotonic() + LONGEST_PAUSE
    finally:
        progress.busy = False


def _run(
    backend: LambdaBackend,
    mapping: EventSourceMapping,
    progress: Progress,
    batches: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    batch, wanted = batches
    name = mappings.target(mapping.function_arn).name
    age = (time.time() - wanted[-1]["dynamodb"]["ApproximateCreationDateTime"]) * 1000
    metrics.put(backend.region_name, "AWS/Lambda", "IteratorAge", max(age, 0.0), {"FunctionName": name}, "Milliseconds")
    try:
        outcome = functions.invoke(mapping.function_arn, {"Records": wanted}, region=backend.region_name)
    except functions.NotFound:
        progress.not_before = time.monotonic() + LONGEST_PAUSE
        return mappings.note(mapping, "PROBLEM: Function not found")
    if outcome.throttled:
        progress.not_before = time.monotonic() + FIRST_PAUSE
        return mappings.note(mapping, "PROBLEM: Function call throttled")
    numbers = [item["dynamodb"]["SequenceNumber"] for item in batch]
    failed = None if outcome.error else mappings.failed_items(mapping, outcome.payload, numbers)
    if failed == []:
        _advance(mapping, progress, len(batch))
        return mappings.note(mapping, "OK")
    if failed:
        # Everything before the first failure is done; the reader goes on from there.
        done = min(numbers.index(number) for number in failed)
        if done:
            _advance(mapping, progress, done)
        batch = batch[done:]
    return _failed(mapping, progress, batch)


def _advance(mapping: EventSourceMapping, progress: Progress, count: int) -> None:
    with background.LOCK:
        mapping.checkpoint = getattr(mapping, "checkpoint", 0) + count
    progress.attempts, progress.limit, progress.not_before = 0, None, 0.0
    background.mark_changed()


def _failed(mapping: EventSourceMapping, progress: Progress, batch: list[dict[str, Any]]) -> None:
    mappings.note(mapping, "PROBLEM: Function call failed")
    progress.attempts += 1
    retries = -1 if mapping.max_retry_attempts is None else int(mapping.max_retry_attempts)
    oldest = -1 if mapping.max_record_age is None else int(mapping.max_record_age)
    age = time.time() - batch[0]["dynamodb"]["ApproximateCreationDateTime"]
    if mapping.bisect_on_error and len(batch) > 1:
        # A split doesn't count towards the retries.
        progress.limit, progress.attempts = max(len(batch) // 2, 1), 0
    elif (0 <= retries < progress.attempts) or (0 <= oldest < age):
        cause = "RetryAttemptsExhausted" if 0 <= retries < progress.attempts else "RecordAgeExceeded"
        _give_up(mapping, batch, cause, progress.attempts)
        return _advance(mapping, progress, len(batch))
    progress.not_before = time.monotonic() + min(FIRST_PAUSE * 2 ** (progress.attempts - 1), LONGEST_PAUSE)
    return None


def _give_up(mapping: EventSourceMapping, batch: list[dict[str, Any]], cause: str, attempts: int) -> None:
    """Send the position of a batch that is skipped to the mapping's on-failure destination."""
    destination = ((mapping.destination_config or {}).get("OnFailure") or {}).get("Destination")
    if not destination:
        return
    first, last = batch[0]["dynamodb"], batch[-1]["dynamodb"]
    text = json.dumps(
        {
            "requestContext": {
                "functionArn": mapping.function_arn,
                "condition": cause,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
            "DDBStreamBatchInfo": {
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
                "batchSize": len(batch),
                "streamArn": mapping.event_source_arn,
            },
        }
    )
    _, _, service, region, account, name = destination.split(":", 5)
    if service == "sqs":
        sqs_backends[account][region].send_message(name, text)
    elif service == "sns":
        sns_backends[account][region].publish(arn=destination, message=text)
    else:
        log.warning("the on-failure destination %s isn't a queue or a topic; nothing was sent", destination)


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
