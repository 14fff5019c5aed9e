"""S3 event notifications: to functions (asynchronously, as S3 does), queues and topics, with S3's own event.

Sources: S3 user guide, "Event message structure" and "Amazon S3 Event Notifications".
"""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any
from urllib.parse import quote_plus

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker, Notification, S3Backend
from moto.s3.notifications import S3NotificationEvent

from sandbox.account import functions

log = logging.getLogger("sandbox.account")

_sequence = itertools.count(1)
_set_delete_marker = S3Backend._set_delete_marker


def event(event_name: str, bucket: FakeBucket, key: Any, notification_id: str) -> dict[str, Any]:
    """Return the notification about one object; its key is URL-encoded, as S3 sends it."""
    thing: dict[str, Any] = {"key": quote_plus(key.name, safe="/")}
    if "ObjectRemoved" not in event_name:
        thing |= {"size": key.size, "eTag": key.etag.replace('"', "")}
    if bucket.is_versioned and getattr(key, "version_id", None):
        thing["versionId"] = str(key.version_id)
    thing["sequencer"] = f"{time.time_ns() // 1_000_000:012X}{next(_sequence) & 0xFFFF:04X}"
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": bucket.region_name,
                "eventTime": iso_8601_datetime_with_milliseconds(),
                "eventName": event_name.removeprefix("s3:"),
                "userIdentity": {"principalId": f"AWS:{bucket.account_id}"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": "0" * 16, "x-amz-id-2": "0" * 16},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": notification_id,
                    "bucket": {
                        "name": bucket.name,
                        "ownerIdentity": {"principalId": bucket.account_id},
                        "arn": bucket.arn,
                    },
                    "object": thing,
                },
            }
        ]
    }


def invoke(account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
    """Hand an event to a function, asynchronously; a function that's gone is S3's loss, not the uploader's."""
    try:
        functions.invoke(fn_arn, event_body, region=region_name, asynchronous=True)
    except functions.NotFound:
        log.warning("a bucket of account %s notifies %s, which doesn't exist", account_id, fn_arn)


def key_matches(self: Notification, key_name: str) -> bool:
    """Return whether a key passes the prefix and suffix rules; S3 takes their names in any case."""
    rules = (self.filters.get("S3Key") or {}).get("FilterRule") or []
    wanted = {rule["Name"].lower(): rule.get("Value") or "" for rule in rules}
    return bool(key_name.startswith(wanted.get("prefix", "")) and key_name.endswith(wanted.get("suffix", "")))


def _mark_deleted(self: S3Backend, bucket_name: str, key_name: str) -> FakeDeleteMarker:
    marker = _set_delete_marker(self, bucket_name, key_name)
    bucket = self.get_bucket(bucket_name)
    created = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
    notifications.send_event(self.account_id, created, bucket, marker)
    return marker


def install() -> None:
    """Put these in the place of moto's, which invoke while the uploader waits and never tell of delete markers."""
    notifications._get_s3_event = event
    notifications._invoke_awslambda = invoke
    Notification._key_matches = key_matches
    S3Backend._set_delete_marker = _mark_deleted
