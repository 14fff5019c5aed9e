"""Browsers that wait for a document: the table of WebSocket connections."""

from __future__ import annotations

import os
import time

from rag import aws

# API Gateway ends a WebSocket connection after two hours; the table's TTL removes what a lost disconnect left.
CONNECTION_SECONDS = 2 * 60 * 60


def add(connection_id: str) -> None:
    """Remember a new connection."""
    now = int(time.time())
    aws.client("dynamodb").put_item(
        TableName=os.environ["CONNECTIONS_TABLE"],
        Item={
            "connection_id": {"S": connection_id},
            "connected_at": {"N": str(now)},
            "expires_at": {"N": str(now + CONNECTION_SECONDS)},
        },
    )


def remove(connection_id: str) -> None:
    """Forget a connection; one that is unknown is no error."""
    aws.client("dynamodb").delete_item(
        TableName=os.environ["CONNECTIONS_TABLE"], Key={"connection_id": {"S": connection_id}}
    )


def subscribe(connection_id: str, document_id: str) -> None:
    """Have a connection told about a document (one at a time: the latest counts)."""
    aws.client("dynamodb").update_item(
        TableName=os.environ["CONNECTIONS_TABLE"],
        Key={"connection_id": {"S": connection_id}},
        UpdateExpression="SET document_id = :document",
        ExpressionAttributeValues={":document": {"S": document_id}},
    )


def of(document_id: str) -> list[str]:
    """Return the connections subscribed to a document."""
    pages = (
        aws.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=os.environ["CONNECTIONS_TABLE"],
            IndexName="by-document",
            KeyConditionExpression="document_id = :document",
            ExpressionAttributeValues={":document": {"S": document_id}},
        )
    )
    return [item["connection_id"]["S"] for page in pages for item in page["Items"]]
