"""Whether a store was just made and holds nothing, as the account itself says: no expiry takes anything from it then.

A creation that was killed between its calls leaves a log group without its retention, a table without its time to live,
and an update that failed a bucket without its lifecycle: what the next one sets is no loss. Being empty isn't enough: a
table of connections is at night, and a bucket that others take things from is between two of them. Sources: the API
references of DynamoDB (Scan: only a missing LastEvaluatedKey ends it), S3 (ListObjectVersions, ListMultipartUploads)
and CloudWatch Logs (DescribeLogStreams: each event lies in a stream).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from guard.durable import durable
from guard.store import Store

SECONDS = 15.0
"""How long an answer may take; a store that doesn't answer in time isn't proved to be new and empty."""
NEW = timedelta(days=1)
"""How old a store may be whose creation is still to be finished."""


def _table(dynamodb: Any, name: str) -> bool:
    """Items alone tell: ItemCount of DescribeTable is some six hours old."""
    page = dynamodb.scan(TableName=name, Limit=1, ConsistentRead=True)
    return page["Count"] == 0 and not page.get("LastEvaluatedKey")


def _bucket(s3: Any, name: str) -> bool:
    page = s3.list_object_versions(Bucket=name, MaxKeys=1)
    if page.get("Versions") or page.get("DeleteMarkers") or page.get("IsTruncated"):
        return False
    uploads = s3.list_multipart_uploads(Bucket=name, MaxUploads=1)
    return not uploads.get("Uploads") and not uploads.get("IsTruncated")


def _logs(logs: Any, name: str) -> bool:
    page = logs.describe_log_streams(logGroupName=name, limit=1)
    return not page["logStreams"] and not page.get("nextToken")


LOOKS: Mapping[str, Callable[[Any, str], bool]] = {
    "aws:dynamodb/table:Table": _table,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
    "aws:cloudwatch/logGroup:LogGroup": _logs,
}
"""Type -> whether one that is there holds nothing."""


def is_new_and_empty(store: Store, now: datetime) -> bool:
    """Whether the account proves that a store was made within the last day and holds nothing.

    Whatever can't be asked or answered proves nothing.
    """
    holds = durable(store.type)
    if store.type not in LOOKS or holds is None:
        return False
    # Losses are rare, and importing boto3 takes most of a second.
    from botocore.exceptions import BotoCoreError, ClientError

    from core import deadline
    from core.aws import client
    from core.errors import ServiceError
    from guard import sightings
    from guard.recovery.place import located

    service, see = sightings.LOOKS[store.type]

    def look() -> bool:
        known = located(store, holds.kind)
        asked = client(service, known.region)
        made = see(asked, known.name).created
        return made is not None and now - made <= NEW and LOOKS[store.type](asked, known.name)

    try:
        return deadline.bounded(f"whether {store.name} is empty", SECONDS, look)
    except (ServiceError, BotoCoreError, ClientError):
        return False
