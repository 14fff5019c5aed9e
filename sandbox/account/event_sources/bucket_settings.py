"""PutBucketNotificationConfiguration as S3 takes it: empty filter values, names in any case, destinations checked.

Source: S3 API reference, PutBucketNotificationConfiguration; S3 user guide, "Configuring event notifications using
object key name filtering" and "Granting permissions to publish event notification messages".
"""

from __future__ import annotations

import hashlib
import json
from fnmatch import fnmatchcase
from typing import Any

import xmltodict  # type: ignore[import-untyped]
from moto.awslambda.models import lambda_backends
from moto.s3.exceptions import InvalidNotificationARN, S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.account.event_sources.mappings import target

DESTINATIONS = {"Topic": "sns", "Queue": "sqs", "CloudFunction": "lambda"}

_put = S3Backend.put_bucket_notification_configuration


def read(body: bytes | str) -> dict[str, Any]:
    """Return the request's configuration in moto's form, {} where it's empty.

    Raises:
        InvalidNotificationARN: a destination isn't of the service that its element names.
    """
    given = xmltodict.parse(body).get("NotificationConfiguration") or {}
    result: dict[str, Any] = {}
    for kind, service in DESTINATIONS.items():
        entries = [_entry(entry) for entry in _as_list(given.get(f"{kind}Configuration"))]
        if any(entry[kind].split(":")[2:3] != [service] for entry in entries):
            raise InvalidNotificationARN
        if entries:
            result[f"{kind}Configuration"] = entries
    if "EventBridgeConfiguration" in given:
        result["EventBridgeConfiguration"] = {}
    return result


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    key = (entry.get("Filter") or {}).get("S3Key") or {}
    rules = [
        {"Name": rule["Name"].lower(), "Value": rule.get("Value") or ""} for rule in _as_list(key.get("FilterRule"))
    ]
    plain = {name: value for name, value in entry.items() if name != "Filter"}
    plain["Event"] = _as_list(entry.get("Event"))
    if rules:
        plain["Filter"] = {"S3Key": {"FilterRule": rules}}
    # S3 makes up an id where none is given; one that follows from the content stays the same when it is put again.
    plain.setdefault("Id", hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32])
    return plain


def put(self: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
    """Set a bucket's notifications once every destination exists and lets S3 in.

    Raises:
        S3ClientError: InvalidArgument, as S3 answers where it can't validate a destination.
    """
    bucket = self.get_bucket(bucket_name)
    for kind in DESTINATIONS:
        for entry in (notification_config or {}).get(f"{kind}Configuration", []):
            if not _usable(entry[kind], bucket.arn):
                raise S3ClientError(
                    "InvalidArgument", f"Unable to validate the following destination configurations: {entry[kind]}"
                )
    _put(self, bucket_name, notification_config)


def _usable(arn: str, bucket_arn: str) -> bool:
    """Return whether a destination exists and, for a function, whether its policy lets the bucket invoke it."""
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sqs":
        return name in sqs_backends[account][region].queues
    if service == "sns":
        return arn in sns_backends[account][region].topics
    from sandbox.account.functions import versions

    wanted = target(arn)
    backend = lambda_backends[account][region]
    try:
        policy = versions.policy_of(backend, wanted.name, wanted.qualifier)
    except Exception:
        return False
    return any(_admits(statement, bucket_arn) for statement in policy.statements)


def _admits(statement: dict[str, Any], bucket_arn: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, dict) else principal
    if service not in {"s3.amazonaws.com", "*"} or statement.get("Action") not in {"lambda:InvokeFunction", "lambda:*"}:
        return False
    conditions = statement.get("Condition") or {}
    source = (conditions.get("ArnLike") or {}).get("AWS:SourceArn")
    return source is None or fnmatchcase(bucket_arn, source)


def _from_body(self: S3Response) -> dict[str, Any]:
    return read(self.body)


def install() -> None:
    """Put this in the place of moto's, which fails on an empty prefix and checks no destination."""
    S3Response._notification_config_from_body = _from_body
    S3Backend.put_bucket_notification_configuration = put
