"""Jobs in DynamoDB: queued -> completed or failed; a failed one may be completed later.

An item has `job_id`, `status`, `design`, `created_at`, `updated_at`, and once it was worked on `release` (of the worker
that did it) and either `result` or `reason`. All of a result is one attribute: an older worker that does a job again
replaces the whole of what a newer one found, including what it doesn't know of. Readers take what they know and pass
over the rest, so that any version reads any other's jobs.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from assistant import aws

Item = dict[str, Any]

_TO_TABLE = TypeSerializer()
_FROM_TABLE = TypeDeserializer()


def put(item: Item) -> None:
    """Record a new job as queued."""
    now = _now()
    whole = {**item, "status": "queued", "created_at": now, "updated_at": now}
    aws.client("dynamodb").put_item(TableName=_table(), Item=_encoded(whole))


def read(job_id: str) -> Item | None:
    """Return a job as it is now, or None where there is none."""
    found = aws.client("dynamodb").get_item(TableName=_table(), Key=_encoded({"job_id": job_id}), ConsistentRead=True)
    return decoded(found["Item"]) if "Item" in found else None


def complete(job_id: str, result: dict[str, Any]) -> None:
    """Record what was found; any earlier result or reason goes."""
    _update(job_id, "SET #status = :status, updated_at = :now, #release = :release, #result = :body REMOVE reason",
            {"#result": "result"}, {":status": "completed", ":body": result})  # fmt: skip


def fail(job_id: str, reason: str) -> None:
    """Record that a job could not be done, and why."""
    _update(job_id, "SET #status = :status, updated_at = :now, #release = :release, reason = :body",
            {}, {":status": "failed", ":body": reason})  # fmt: skip


def decoded(item: dict[str, Any]) -> Item:
    """Return an item of the table as plain values, numbers as whole ones."""
    return {name: _plain(_FROM_TABLE.deserialize(value)) for name, value in item.items()}


def _update(job_id: str, change: str, names: dict[str, str], values: dict[str, Any]) -> None:
    aws.client("dynamodb").update_item(
        TableName=_table(),
        Key=_encoded({"job_id": job_id}),
        UpdateExpression=change,
        # A job that was deleted meanwhile must not come back as half an item.
        ConditionExpression="attribute_exists(job_id)",
        ExpressionAttributeNames={"#status": "status", "#release": "release", **names},
        ExpressionAttributeValues=_encoded({":now": _now(), ":release": os.environ.get("RELEASE", ""), **values}),
    )


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _TO_TABLE.serialize(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _table() -> str:
    return os.environ["JOBS_TABLE"]
