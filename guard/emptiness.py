"""Whether a store holds nothing at this moment, as the account itself says: then no expiry takes anything from it.

A creation that was killed between its calls leaves a log group without its retention, a table without its time to live:
what the next update sets then is no loss. Sources: the API references of DynamoDB (Scan), S3 (ListObjectVersions,
ListMultipartUploads) and CloudWatch Logs (DescribeLogStreams: each event lies in a stream).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guard.durable import durable
from guard.store import Store

SECONDS = 15.0
"""How long an answer may take; a store that doesn't answer in time isn't proved to be empty."""


def _table(dynamodb: Any, name: str) -> bool:
    """Items alone tell: ItemCount of DescribeTable is some six hours old."""
    return bool(dynamodb.scan(TableName=name, Limit=1, ConsistentRead=True)["Count"] == 0)


def _bucket(s3: Any, name: str) -> bool:
    found = s3.list_object_versions(Bucket=name, MaxKeys=1)
    if found.get("Versions") or found.get("DeleteMarkers"):
        return False
    return not s3.list_multipart_uploads(Bucket=name, MaxUploads=1).get("Uploads")


def _logs(logs: Any, name: str) -> bool:
    return not logs.describe_log_streams(logGroupName=name, limit=1)["logStreams"]


LOOKS: Mapping[str, tuple[str, Callable[[Any, str], bool]]] = {
    "aws:dynamodb/table:Table": ("dynamodb", _table),
    "aws:s3/bucket:Bucket": ("s3", _bucket),
    "aws:s3/bucketV2:BucketV2": ("s3", _bucket),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", _logs),
}
"""Type -> service, and how it is asked. Not a queue: between two messages it is empty as well."""


def is_empty(store: Store) -> bool:
    """Whether the account proves that a store holds nothing. Whatever can't be asked or answered proves nothing."""
    holds = durable(store.type)
    if store.type not in LOOKS or holds is None:
        return False
    # Losses are rare, and importing boto3 takes most of a second.
    from botocore.exceptions import BotoCoreError, ClientError

    from guard.recovery import deadline
    from guard.recovery.clients import client
    from guard.recovery.errors import RecoveryError
    from guard.recovery.place import located

    service, ask = LOOKS[store.type]

    def look() -> bool:
        known = located(store, holds.kind)
        return ask(client(service, known.region), known.name)

    try:
        return deadline.bounded(f"whether {store.name} is empty", SECONDS, look)
    except (RecoveryError, BotoCoreError, ClientError):
        return False
