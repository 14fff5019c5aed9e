"""AWS: the properties by which stores, and what stands beside them, lose data without being deleted.

Defaults and meanings are those of pulumi-aws 7.51.1 and of the services' API references. A property that is left out
means the default: a safeguard that leaves the program counts as off, whether or not the provider would leave it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from guard.in_place import cuts, expiry, keys
from guard.in_place.checks import (
    any_of,
    appears_or_changes,
    appears_or_shortens,
    in_members,
    is_on,
    keeps,
    major_version,
    members,
    shorter,
    sooner,
    suspended,
    switched_off,
    switched_on,
)
from guard.in_place.databases import MAJOR, PROTECTION, SMALLER, backups
from guard.in_place.row import Leaving, Row
from guard.in_place.values import ABSENT, AS_IT_IS, at, member

VIEWS = {"NEW_AND_OLD_IMAGES": "keys new old", "NEW_IMAGE": "keys new", "OLD_IMAGE": "keys old", "KEYS_ONLY": "keys"}
PROJECTIONS = {"ALL": "keys some all", "INCLUDE": "keys some", "KEYS_ONLY": "keys"}

_RECOVERY = "point-in-time recovery is switched off: its backups are deleted, and nothing before now can be restored"
_LIFECYCLE = "{after}"


def _size(path: str, unit: str = "GiB") -> Row:
    return Row(path, shorter(unit), SMALLER, default=AS_IT_IS)


_TABLE = (
    Row("ttl", cuts.time_to_live, "items are deleted when their time comes", held=True),
    Row("pointInTimeRecovery.enabled", switched_off, _RECOVERY),
    Row(
        "pointInTimeRecovery",
        cuts.recovery_period,
        "nothing older than {after} can be restored any more: recovery period {before} -> {after}",
    ),
    Row("deletionProtectionEnabled", switched_off, PROTECTION, irreversible=False),
    Row("streamEnabled", switched_off, "the stream is disabled: changes meanwhile reach no consumer"),
    Row("streamViewType", keeps(VIEWS), "consumers of the stream get less: {before} -> {after}"),
    Row(
        "globalSecondaryIndexes",
        any_of(
            members("name"),
            in_members("name", "projectionType", keeps(PROJECTIONS)),
            in_members("name", "nonKeyAttributes", members(), default=[]),
        ),
        "what the index {item} projects is lost: {before} -> {after}; queries fail until it is built again",
        irreversible=False,
    ),
    Row("localSecondaryIndexes", members("name"), "the index {item} is lost; a table gets one only when it is made"),
    Row("replicas", members("regionName"), "the replica in {item} is deleted", irreversible=False),
    Row(
        "replicas",
        in_members("regionName", "pointInTimeRecovery", switched_off),
        "point-in-time recovery of the replica in {item} is switched off: its backups are deleted",
    ),
    Row(
        "replicas",
        in_members("regionName", "deletionProtectionEnabled", switched_off),
        "deletion protection of the replica in {item} is switched off",
        irreversible=False,
    ),
)
_VERSIONING = Row(
    "versioningConfiguration.status",
    suspended,
    "versioning is {after}: whatever is overwritten or deleted from now on is gone at once",
)
_LOCK = "objects written from now on are locked for less: {before} -> {after}"
_RULES = Row("rules", expiry.lifecycle, _LIFECYCLE, held=True)
_COPY_LAGS = "the replication rule {item} ends: its copy falls behind"
_TWO_FACTORS = "versions can be deleted without a second factor"
# A bucket's outputs tell what its companions set, too: what it leaves out itself, it leaves to them.
_BUCKET = (
    Row("lifecycleRules", expiry.lifecycle, _LIFECYCLE, held=True),
    Row("versioning.enabled", switched_off, _VERSIONING.lost, default=AS_IT_IS),
    Row("versionings.enabled", switched_off, _VERSIONING.lost, default=AS_IT_IS),
    Row("versioning.mfaDelete", switched_off, _TWO_FACTORS, irreversible=False, default=AS_IT_IS),
    Row("objectLockConfiguration.rule.defaultRetention", cuts.default_retention, _LOCK, default=AS_IT_IS),
    Row("objectLockConfiguration.rules.defaultRetentions", cuts.default_retention, _LOCK, default=AS_IT_IS),
    Row("replicationConfiguration.rules", cuts.replication, _COPY_LAGS, default=AS_IT_IS),
    Row("replicationConfigurations.rules", cuts.replication, _COPY_LAGS, default=AS_IT_IS),
)
_KEY = (
    Row(
        "deletionWindowInDays",
        shorter("days"),
        "once its delete is asked for, the key goes sooner, and all that it encrypted with it: {before} -> {after}",
        irreversible=False,
        default=30,
    ),
    Row("isEnabled", switched_off, "the key is disabled: what it encrypted can't be read", False, default=True),
    Row("enabled", switched_off, "the key is disabled: what it encrypted can't be read", False, default=True),
    replace(keys.POLICY, default=AS_IT_IS),  # a key that names no policy keeps the one that it has
    Row("validTo", appears_or_changes, "the key material goes on {after}: what it encrypted can't be read then"),
)
_FSX = (
    backups("automaticBackupRetentionDays", AS_IT_IS),
    Row("skipFinalBackup", switched_on, "a delete takes no final backup any more", irreversible=False),
    _size("storageCapacity"),
)
ROWS: Mapping[str, tuple[Row, ...]] = {
    "aws:dynamodb/table:Table": _TABLE,
    "aws:dynamodb/tableReplica:TableReplica": (
        Row("pointInTimeRecovery", switched_off, _RECOVERY),
        Row("deletionProtectionEnabled", switched_off, PROTECTION, irreversible=False),
    ),
    "aws:dynamodb/globalTable:GlobalTable": (
        Row("replicas", members("regionName"), "the replica in {item} is deleted", irreversible=False),
    ),
    "aws:keyspaces/table:Table": (
        Row("ttl.status", switched_on, "time to live is switched on: rows are deleted when their time comes"),
        Row(
            "defaultTimeToLive",
            appears_or_shortens("s"),
            "rows written from now on are deleted after {after}: {before} so far",
            default=0,
        ),
        Row("pointInTimeRecovery.status", switched_off, _RECOVERY),
        Row("schemaDefinition.columns", members("name"), "the column {item} is dropped"),
    ),
    "aws:timestreamwrite/table:Table": (
        Row(
            "retentionProperties.magneticStoreRetentionPeriodInDays",
            shorter("days"),
            "records older than {after} are deleted: retention {before} -> {after}",
            default=73_000,
        ),
        Row(
            "retentionProperties.memoryStoreRetentionPeriodInHours",
            shorter("h"),
            "late records older than {after} are refused: memory store {before} -> {after}",
            default=6,
        ),
    ),
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    **dict.fromkeys(
        ("aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"),
        (
            _VERSIONING,
            Row("versioningConfiguration.mfaDelete", switched_off, _TWO_FACTORS, irreversible=False),
        ),
    ),
    **dict.fromkeys(
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
        ),
        (_RULES,),
    ),
    "aws:s3control/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (_RULES,),
    **dict.fromkeys(
        (
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
        ),
        (Row("rule.defaultRetention", cuts.default_retention, _LOCK),),
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (Row("rules", cuts.replication, _COPY_LAGS),),
    "aws:s3/bucketNotification:BucketNotification": (
        Row("", cuts.notifications, "nobody is told any more: what happens meanwhile is missed"),
    ),
    **dict.fromkeys(
        ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject", "aws:s3/objectCopy:ObjectCopy"),
        (
            Row("objectLockLegalHoldStatus", switched_off, "the legal hold is lifted", irreversible=False),
            Row("objectLockRetainUntilDate", sooner, "its lock ends sooner: {before} -> {after}", irreversible=False),
            Row("objectLockRetainUntilDate", sooner, "its lock ends sooner: {before} -> {after}", irreversible=False),
            Row(
                "objectLockMode", keeps({"COMPLIANCE": "a b", "GOVERNANCE": "a"}), "its lock is weaker: {after}", False
            ),
        ),
    ),
    "aws:ebs/volume:Volume": (
        _size("size"),
        Row("finalSnapshot", switched_off, "a delete takes no final snapshot any more", irreversible=False),
    ),
    "aws:ec2/instance:Instance": (
        Row("disableApiTermination", switched_off, "anybody with the right to may terminate the machine", False),
        Row(
            "rootBlockDevice.deleteOnTermination",
            switched_on,
            "the root volume goes with the machine",
            irreversible=False,
            default=True,
        ),
        _size("rootBlockDevice.volumeSize"),
        Row(
            "ebsBlockDevices",
            in_members("deviceName", "deleteOnTermination", switched_on, default=True),
            "the volume {item} goes with the machine",
            irreversible=False,
        ),
    ),
    "aws:efs/fileSystem:FileSystem": (
        Row(
            "protection.replicationOverwrite",
            switched_off,
            "the file system may become the target of a replication, which overwrites it",
            irreversible=False,
            default="ENABLED",
        ),
    ),
    "aws:efs/backupPolicy:BackupPolicy": (
        Row("backupPolicy.status", switched_off, "no automatic backups are made any more", irreversible=False),
    ),
    **dict.fromkeys(
        (
            "aws:fsx/lustreFileSystem:LustreFileSystem",
            "aws:fsx/ontapFileSystem:OntapFileSystem",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
            "aws:fsx/windowsFileSystem:WindowsFileSystem",
        ),
        _FSX,
    ),
    "aws:fsx/ontapVolume:OntapVolume": (
        _size("sizeInMegabytes", "MB"),
        Row("skipFinalBackup", switched_on, "a delete takes no final backup any more", irreversible=False),
        Row("bypassSnaplockEnterpriseRetention", switched_on, "a delete takes locked files with it", False),
    ),
    "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation": (
        Row("deleteDataInFilesystem", switched_on, "a delete takes the files with it", irreversible=False),
    ),
    **dict.fromkeys(
        (
            "aws:kms/key:Key",
            "aws:kms/externalKey:ExternalKey",
            "aws:kms/replicaKey:ReplicaKey",
            "aws:kms/replicaExternalKey:ReplicaExternalKey",
            "aws:paymentcryptography/key:Key",
        ),
        _KEY,
    ),
    "aws:kms/keyPolicy:KeyPolicy": (keys.POLICY,),
    "aws:secretsmanager/secret:Secret": (
        Row(
            "recoveryWindowInDays",
            shorter("days"),
            "a deleted secret can be restored for {after} instead of {before}",
            irreversible=False,
            default=30,
        ),
        Row("forceOverwriteReplicaSecret", switched_on, "a secret of the same name in the other region is overwritten"),
        Row("replicas", members("region"), "the replica in {item} is deleted", irreversible=False, default=AS_IT_IS),
    ),
    "aws:cognito/userPool:UserPool": (Row("deletionProtection", switched_off, PROTECTION, irreversible=False),),
    **dict.fromkeys(
        ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"),
        (
            _size("ebsOptions.volumeSize"),
            Row("", any_of(major_version(), major_version(version="elasticsearchVersion")), MAJOR),
            Row("logPublishingOptions", members("logType"), "the log {item} is published no more", default=[]),
        ),
    ),
    "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy": (
        Row("policy", expiry.expires_more(expiry.indexes), "{after}"),
    ),
}
"""Token -> its rows."""

VERSIONING_LEAVES = Leaving(
    "versioning leaves, and is suspended: whatever is overwritten or deleted from now on is gone at once",
    holds=lambda before: is_on(at(before, "versioningConfiguration.status")),
)
LOCK_LEAVES = Leaving(
    "the default retention leaves: objects written from now on aren't locked",
    holds=lambda before: member(at(before, "rule.defaultRetention"), "mode") is not ABSENT,
)
COPIES_LEAVE = Leaving("the replication leaves: its copy falls behind")

LEAVINGS: Mapping[str, Leaving] = {
    "aws:s3/bucketVersioning:BucketVersioning": VERSIONING_LEAVES,
    "aws:s3/bucketVersioningV2:BucketVersioningV2": VERSIONING_LEAVES,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": LOCK_LEAVES,
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": LOCK_LEAVES,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": COPIES_LEAVE,
    "aws:efs/replicationConfiguration:ReplicationConfiguration": COPIES_LEAVE,
    "aws:efs/backupPolicy:BackupPolicy": Leaving(
        "no automatic backups are made any more",
        irreversible=False,
        holds=lambda before: is_on(at(before, "backupPolicy.status")),
    ),
    "aws:dynamodb/tableReplica:TableReplica": Leaving("the replica is deleted", irreversible=False),
    "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex": Leaving(
        "the index is lost; queries fail until it is built again", irreversible=False
    ),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": Leaving(
        "changes of the table reach the stream no more: what happens meanwhile is missed"
    ),
}
"""Companion -> what its delete loses. One that isn't named here (a lifecycle) may leave."""
