"""What isn't configuration: clocks, counters and data (left out) and what only ever grows (history).

Both lists name attributes of moto's objects as "Class.attribute"; "*" stands for every class. A service that isn't
named here is exported whole.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

LEFT_OUT = {
    # Metric data, log events, messages, items, objects: data, not configuration.
    "CloudWatchBackend.metric_data",
    "CloudWatchBackend.paged_metric_data",
    "Queue.messages",
    "Queue.pending_messages",
    "Queue.deleted_messages",
    "Table.items",
    "Table.stream_shard",
    "RestoredTable.items",
    "RestoredPITTable.items",
    "DynamoDBStreamsBackend.shard_iterators",
    "FakeBucket.keys",
    "FakeBucket.multiparts",
    "LogGroup.streams",
    "LogsBackend.queries",
    "SecretsManagerBackend.nextTokens",
    "Topic.sent_notifications",
    "SNSBackend.message_public_keys",
    "SNSBackend.sms_messages",
    "SSMBackend.commands",
    "DynamoHandler.client",
    # State that the account itself changes while it runs.
    "Alarm.state_value",
    "Alarm.state_reason",
    "Alarm.state_reason_data",
    "Alarm.history",
    "Alarm.judged_at",
    "Alarm.set_by_hand_at",
    "EventSourceMapping.checkpoint",
    "EventSourceMapping.last_result",
    "Queue.lambda_event_source_mappings",
    "Table.lambda_event_source_mappings",
    # Catalogues of over a thousand public images that a fresh EC2 brings along, with ids made up anew each time.
    "EC2Backend.amis",
    "EC2Backend.snapshots",
    # Bookkeeping of the emulation.
    "LambdaStorage.arns",
    "LambdaFunction.docker_client",
    "LambdaFunction.code_bytes",
    "LambdaFunction.code",
    "LambdaFunction.validate_s3",
    "LambdaFunction.code_or_config_updated",
    "LambdaFunction.publish",
    "LambdaFunction.published_from",
    "*.revision_id",
    "*.revisionId",
    "*.RevisionId",
    "*.revision",
    "*.backend",
    "*.parent",
    "*.next_tokens",
    "*.paged_metric_data",
    "*.instances_tracked",
    "*.private_key",
    "*.key_material",
    "*.ses_backend",
    "*.state_manager",
}

HISTORY = {
    "CloudWatchBackend.alarm_history",
    "CodeDeployBackend.deployments",
    "LogsBackend.export_tasks",
    "SQSBackend.message_move_tasks",
    "FakeStack.events",
    "FakeStack.change_sets",
    "CloudFormationBackend.deleted_stacks",
    "FakeSecret.versions",
    "Parameter.version",
    "RestAPI.deployments",
    "API.deployments",
}
"""What an update and its reverse leave behind: records of what happened, and versions that stay published."""

HISTORY_PATHS = re.compile(r"lambda[^/]*/[^/]+/lambdas/functions/[^/]+/(versions|last_number)")
"""The same for entries of plain dicts, by their path."""

NEWEST_COUNTS = re.compile(r"ssm/[^/]+/parameters/.+")
"""Lists whose last entry is what is set, and whose earlier entries are history (Systems Manager keeps 100 versions)."""

SECRET = re.compile(r"secret_?string|secret_?binary|password|secret_?value", re.IGNORECASE)

_TIME_NAME = re.compile(
    r"(timestamp|lastmodified|(created|creation|create|modified|modification|updated|update|changed|purged|launch|start|"
    r"started|complete|completion|deletion|deleted|rotated|accessed|used|attached|expiration|upload|uploaded|transition|"
    r"release|available|last)(at|on|date|time|datetime|timestamp|data)?s?)$"
)
_TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\w{3}, \d\d \w{3} \d{4} ")


def listed(names: set[str], owner: str, attribute: str) -> bool:
    """Return whether "owner.attribute" or "*.attribute" is in a list."""
    return f"{owner}.{attribute}" in names or f"*.{attribute}" in names


def is_clock(name: str, value: Any) -> bool:
    """Return whether a field holds a point in time, by its type or by its name and form."""
    if isinstance(value, datetime | date | time):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    plain = re.sub(r"[^a-z]", "", name.lower())
    if not _TIME_NAME.search(plain):
        return False
    if isinstance(value, str):
        return bool(_TIME_TEXT.match(value)) or value.replace(".", "", 1).isdigit()
    return value > 1_000_000_000


def is_scalar(value: Any) -> bool:
    """Return whether a value stands for itself in the export."""
    return value is None or isinstance(value, str | int | float | bool | bytes | Enum | timedelta)
