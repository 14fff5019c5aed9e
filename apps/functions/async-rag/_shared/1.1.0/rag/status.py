"""Where each document stands, in DynamoDB: queued -> processing -> completed or failed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from rag import aws
from rag.uploads import Upload

Status = Literal["queued", "processing", "completed", "failed"]


def queue(upload: Upload, pipeline: str) -> None:
    """Record that a document waits for its pipeline, unless this very upload is further on already.

    S3 delivers an event at least once: a late repeat must not put a finished document back to `queued`.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    item = {
        "document_id": upload.document_id,
        "bucket": upload.bucket,
        "key": upload.key,
        "etag": upload.etag,
        "pipeline_type": pipeline,
        "status": "queued",
        "queued_at": now,
        "updated_at": now,
    }
    try:
        aws.client("dynamodb").put_item(
            TableName=os.environ["STATUS_TABLE"],
            Item={name: {"S": value} for name, value in item.items()},
            ConditionExpression="attribute_not_exists(document_id) OR etag <> :etag OR #status = :failed",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":etag": {"S": upload.etag}, ":failed": {"S": "failed"}},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def mark(upload: Upload, status: Status, pipeline: str, reason: str = "") -> None:
    """Record a document's status; reason says why it failed and is removed by any other status."""
    change = "SET #status = :status, updated_at = :now, #bucket = :bucket, #key = :key, pipeline_type = :pipeline"
    names = {"#status": "status", "#bucket": "bucket", "#key": "key", "#reason": "reason"}
    values = {
        ":status": status,
        ":now": datetime.now(UTC).isoformat(timespec="milliseconds"),
        ":bucket": upload.bucket,
        ":key": upload.key,
        ":pipeline": pipeline,
    }
    if reason:
        change += ", #reason = :reason"
        values[":reason"] = reason
    else:
        change += " REMOVE #reason"
    aws.client("dynamodb").update_item(
        TableName=os.environ["STATUS_TABLE"],
        Key={"document_id": {"S": upload.document_id}},
        UpdateExpression=change,
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
    )


def read(document_id: str) -> dict[str, str] | None:
    """Return a document's status item, or None where it was never uploaded."""
    answer: dict[str, Any] = aws.client("dynamodb").get_item(
        TableName=os.environ["STATUS_TABLE"], Key={"document_id": {"S": document_id}}, ConsistentRead=True
    )
    item = answer.get("Item")
    return {name: value["S"] for name, value in item.items()} if item else None
