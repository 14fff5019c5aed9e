"""AWS: the properties by which messages, events, logs and backups are kept for less time, or reach nobody any more.

Defaults and meanings are those of pulumi-aws 7.51.1 and of the services' API references.
"""

from __future__ import annotations

from collections.abc import Mapping

from guard.in_place import cuts, expiry
from guard.in_place.checks import (
    any_of,
    appears_or_changes,
    in_members,
    keeps,
    members,
    removed,
    shorter,
    switched_off,
    switched_on,
)
from guard.in_place.row import Leaving, Row
from guard.in_place.values import ABSENT, member

_PROTECTION = "deletion protection is switched off: anybody with the right to may delete it"
_DEAD_LETTERS = "messages that keep failing are kept nowhere any more: they are deleted when the queue's retention ends"
_FILTER = "events that the filter doesn't match are discarded"
_ON_FAILURE = "what fails for good is sent nowhere any more"
_OLDER = "{what} older than {{after}} are deleted: retention {{before}} -> {{after}}"


def _retention(path: str, what: str, unit: str, default: float | None, *forever: object) -> Row:
    lost = _OLDER.format(what=what)
    return Row(path, shorter(unit, forever), lost, default=ABSENT if default is None else default, held=True)


ROWS: Mapping[str, tuple[Row, ...]] = {
    "aws:sqs/queue:Queue": (
        Row(
            "messageRetentionSeconds",
            shorter("s"),
            "messages older than {after} go: retention {before} -> {after}",
            default=345_600,
        ),
        Row("redrivePolicy", removed, _DEAD_LETTERS),
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        _retention("retentionInDays", "log events", "days", 0, 0),
        Row("deletionProtectionEnabled", switched_off, _PROTECTION, irreversible=False),
    ),
    "aws:cloudwatch/eventArchive:EventArchive": (_retention("retentionDays", "archived events", "days", 0, 0),),
    "aws:kinesis/stream:Stream": (_retention("retentionPeriod", "records", "h", 24),),
    "aws:kinesis/videoStream:VideoStream": (_retention("dataRetentionInHours", "fragments", "h", 0),),
    "aws:sns/topic:Topic": (
        Row("archivePolicy", expiry.archive, "archived messages older than {after} are deleted: kept {before} so far"),
    ),
    "aws:sns/topicSubscription:TopicSubscription": (
        Row("filterPolicy", appears_or_changes, _FILTER),
        Row("redrivePolicy", removed, "what can't be delivered is kept nowhere any more"),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        Row(
            "",
            cuts.stream_consumer,
            "the stream's consumer is stopped: records that it hasn't read within the stream's retention are lost",
            irreversible=False,
        ),
        Row(
            "maximumRecordAgeInSeconds",
            shorter("s", (-1,)),
            "records older than {after} are discarded: {before} so far",
            default=-1,
            new=False,
        ),
        Row(
            "maximumRetryAttempts",
            shorter("attempts", (-1,)),
            "records that fail are discarded sooner: {before} -> {after}",
            default=-1,
            new=False,
        ),
        Row("destinationConfig.onFailure", removed, _ON_FAILURE),
        Row("", cuts.consumer_filter, _FILTER),
        Row(
            "functionResponseTypes",
            members(),
            "messages that the function reports as failed are deleted as if it had worked",
            default=[],
        ),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        Row(
            "maximumEventAgeInSeconds",
            shorter("s"),
            "events older than {after} are discarded: {before} so far",
            default=21_600,
        ),
        Row(
            "maximumRetryAttempts",
            shorter("attempts"),
            "events that fail are discarded sooner: {before} -> {after}",
            default=2,
        ),
        Row("destinationConfig.onFailure", removed, _ON_FAILURE),
    ),
    "aws:lambda/function:Function": (Row("deadLetterConfig.targetArn", removed, _ON_FAILURE),),
    "aws:pipes/pipe:Pipe": (
        Row(
            "desiredState",
            keeps({"RUNNING": "events", str(ABSENT): "events"}),
            "the pipe is stopped: what isn't read within the source's retention is lost",
            irreversible=False,
            default="RUNNING",
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (Row("policy", expiry.expires_more(expiry.images), "{after}"),),
    "aws:ecr/repository:Repository": (
        Row(
            "imageTagMutability",
            keeps({"IMMUTABLE": "tags all", "IMMUTABLE_WITH_EXCLUSION": "tags", "MUTABLE_WITH_EXCLUSION": "some"}),
            "tags can be overwritten: an image without its tag is found by its digest alone",
            irreversible=False,
            default="MUTABLE",
        ),
    ),
    "aws:backup/plan:Plan": (
        Row(
            "rules",
            members("ruleName"),
            "the rule {item} makes no backups any more",
            irreversible=False,
        ),
        Row(
            "rules",
            in_members("ruleName", "lifecycle.deleteAfter", shorter("days", (ABSENT, 0))),
            "backups by the rule {item} are kept for less: {before} -> {after}",
        ),
        Row(
            "rules",
            in_members("ruleName", "copyActions", members("destinationVaultArn"), default=[]),
            "backups by the rule {item} are copied to {before} no more",
            irreversible=False,
        ),
        Row(
            "rules",
            in_members("ruleName", "enableContinuousBackup", switched_off),
            "the rule {item} allows no restore to a point in time any more",
        ),
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (
        Row(
            "minRetentionDays",
            shorter("days"),
            "backups may be deleted after {after}: {before} so far",
            irreversible=False,
        ),
    ),
    "aws:rbin/rule:Rule": (
        Row(
            "retentionPeriod.retentionPeriodValue",
            shorter("days"),
            "deleted snapshots and images can be recovered for {after} instead of {before}",
        ),
    ),
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": (
        Row("state", switched_off, "no snapshots are made any more", irreversible=False, default="ENABLED"),
        Row("policyDetails.schedules", members("name"), "the schedule {item} makes no snapshots any more", False),
        Row(
            "policyDetails.schedules",
            any_of(
                in_members("name", "retainRule.count", shorter()),
                in_members("name", "retainRule.interval", shorter()),
            ),
            "the schedule {item} keeps fewer snapshots: {before} -> {after}",
        ),
    ),
    "aws:cloudtrail/eventDataStore:EventDataStore": (
        _retention("retentionPeriod", "events", "days", 2_555),
        Row("terminationProtectionEnabled", switched_off, _PROTECTION, irreversible=False, default=True),
    ),
    "aws:cloudtrail/trail:Trail": (
        Row(
            "enableLogging", switched_off, "nothing is logged any more: what happens meanwhile is missed", default=True
        ),
    ),
    "aws:amp/workspaceConfiguration:WorkspaceConfiguration": (
        _retention("retentionPeriodInDays", "metrics", "days", 150),
    ),
    "aws:cfg/retentionConfiguration:RetentionConfiguration": (
        _retention("retentionPeriodInDays", "configuration items", "days", 2_557),
    ),
    "aws:synthetics/canary:Canary": (
        _retention("successRetentionPeriod", "results", "days", 31),
        _retention("failureRetentionPeriod", "results", "days", 31),
    ),
    "aws:customerprofiles/domain:Domain": (_retention("defaultExpirationDays", "profiles", "days", None),),
    "aws:bedrock/agentcoreMemory:AgentcoreMemory": (_retention("eventExpiryDuration", "events", "days", None),),
    "aws:bedrock/agentDataSource:AgentDataSource": (
        Row(
            "dataDeletionPolicy",
            keeps({"RETAIN": "vectors"}),
            "a delete takes the data in the vector store with it",
            irreversible=False,
            default="RETAIN",
        ),
    ),
    "aws:sagemaker/domain:Domain": (
        Row(
            "retentionPolicy.homeEfsFileSystem",
            keeps({"Retain": "files"}),
            "a delete takes the users' files with it",
            irreversible=False,
            default="Retain",
        ),
    ),
    "aws:s3tables/table:Table": (
        Row(
            "maintenanceConfiguration.icebergSnapshotManagement.settings.maxSnapshotAgeHours",
            shorter("h"),
            "snapshots older than {after} are deleted: kept {before} so far",
            default=120,
        ),
        Row(
            "maintenanceConfiguration.icebergSnapshotManagement.settings.minSnapshotsToKeep",
            shorter("snapshots"),
            "fewer snapshots stay in any case: {before} -> {after}",
            default=1,
        ),
    ),
    "aws:s3tables/tableBucket:TableBucket": (
        Row(
            "maintenanceConfiguration.icebergUnreferencedFileRemoval.settings.nonCurrentDays",
            shorter("days"),
            "replaced files are deleted after {after}: {before} so far",
            default=10,
        ),
        Row(
            "maintenanceConfiguration.icebergUnreferencedFileRemoval.settings.unreferencedDays",
            shorter("days"),
            "files that nothing refers to are deleted after {after}: {before} so far",
            default=3,
        ),
    ),
    "aws:elasticbeanstalk/application:Application": (
        Row(
            "appversionLifecycle.maxCount",
            shorter("versions", (ABSENT, 0)),
            "versions beyond the newest {after} are deleted: {before} so far",
        ),
        Row(
            "appversionLifecycle.maxAgeInDays",
            shorter("days", (ABSENT, 0)),
            "versions older than {after} are deleted: {before} so far",
        ),
        Row("appversionLifecycle.deleteSourceFromS3", switched_on, "deleted versions take their sources with them"),
    ),
    "aws:workmail/organization:Organization": (
        Row("deleteDirectory", switched_on, "a delete takes the directory with it", irreversible=False),
    ),
    "aws:lightsail/database:Database": (
        Row("backupRetentionEnabled", switched_off, "automatic backups are switched off, and deleted"),
    ),
}
"""Token -> its rows."""

_MISSED = "nothing is delivered any more: what happens meanwhile is missed"

LEAVINGS: Mapping[str, Leaving] = {
    "aws:s3/bucketNotification:BucketNotification": Leaving(
        "nobody is told of the bucket's events any more: what happens meanwhile is missed"
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Leaving(
        "the stream's consumer goes, and with it how far it had read: records meanwhile are missed",
        holds=lambda before: member(before, "startingPosition") is not ABSENT,
    ),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": Leaving(_MISSED, undone=False),
    "aws:pipes/pipe:Pipe": Leaving(_MISSED, undone=False),
    "aws:sns/topicSubscription:TopicSubscription": Leaving(
        _MISSED,
        holds=lambda before: member(before, "protocol") in ("sqs", "lambda", "firehose", "http", "https"),
        undone=False,
    ),
    "aws:sqs/redrivePolicy:RedrivePolicy": Leaving(_DEAD_LETTERS),
    "aws:backup/plan:Plan": Leaving("no backups are made by the plan any more", irreversible=False, undone=False),
    "aws:backup/selection:Selection": Leaving("what it selects is backed up no more", irreversible=False, undone=False),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": Leaving(
        "the vault's lock leaves: backups may be deleted before their time", irreversible=False
    ),
    "aws:rbin/rule:Rule": Leaving(
        "deleted snapshots and images can't be recovered any more", irreversible=False, undone=False
    ),
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": Leaving(
        "no snapshots are made any more", irreversible=False, undone=False
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": Leaving(
        "images are copied no more", irreversible=False
    ),
    "aws:cloudtrail/trail:Trail": Leaving("nothing is logged any more: what happens meanwhile is missed", undone=False),
}
"""Companion -> what its delete loses. One that isn't named here (a lifecycle policy of images) may leave."""
