"""Resources that stand beside a store and change how it keeps what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2", "aws:s3/directoryBucket:DirectoryBucket")
TABLES = ("aws:dynamodb/table:Table", "aws:dynamodb/globalTable:GlobalTable")

KEYS = (
    "aws:kms/key:Key",
    "aws:kms/externalKey:ExternalKey",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:kms/replicaExternalKey:ReplicaExternalKey",
)


@dataclass(frozen=True)
class Link:
    """How a companion names what it stands beside."""

    input: str
    targets: tuple[str, ...] = ()
    """The types that it can name; any where an ARN or a URL tells them apart."""
    adds: bool = False
    """A new one takes nothing away, whatever it says: others go on as they are."""


COMPANIONS: Mapping[str, Link] = {
    **dict.fromkeys(
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
            "aws:s3/bucketNotification:BucketNotification",
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
            "aws:s3/bucketVersioning:BucketVersioning",
            "aws:s3/bucketVersioningV2:BucketVersioningV2",
        ),
        Link("bucket", BUCKETS),
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": Link("bucket", BUCKETS, adds=True),
    "aws:s3control/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Link("bucket"),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": Link(
        "backupVaultName", ("aws:backup/vault:Vault", "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault")
    ),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": Link(
        "logGroup", ("aws:cloudwatch/logGroup:LogGroup",), adds=True
    ),
    "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex": Link("tableName", TABLES, adds=True),
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": Link("tableName", TABLES, adds=True),
    "aws:dynamodb/tableReplica:TableReplica": Link("globalTableArn", adds=True),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Link("repository", ("aws:ecr/repository:Repository",)),
    "aws:efs/backupPolicy:BackupPolicy": Link("fileSystemId", ("aws:efs/fileSystem:FileSystem",)),
    "aws:efs/replicationConfiguration:ReplicationConfiguration": Link(
        "sourceFileSystemId", ("aws:efs/fileSystem:FileSystem",), adds=True
    ),
    "aws:kms/keyPolicy:KeyPolicy": Link("keyId", KEYS),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Link("eventSourceArn"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Link(
        "functionName", ("aws:lambda/function:Function",)
    ),
    "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy": Link("name"),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Link(
        "sourceDbInstanceArn", adds=True
    ),
    "aws:redshift/snapshotCopy:SnapshotCopy": Link("clusterIdentifier", ("aws:redshift/cluster:Cluster",), adds=True),
    "aws:redshift/snapshotScheduleAssociation:SnapshotScheduleAssociation": Link(
        "clusterIdentifier", ("aws:redshift/cluster:Cluster",), adds=True
    ),
    "aws:sns/topicSubscription:TopicSubscription": Link("topic", adds=True),
    "aws:sqs/redrivePolicy:RedrivePolicy": Link("queueUrl"),
}
"""A resource that stands beside another and changes how that one keeps or delivers what it has."""

_WORDS = ("id", "arn", "url", "name", "bucket", "functionName", "clusterIdentifier", "streamArn")


def names(link: Link, text: str, token: str, outputs: Mapping[str, Any]) -> bool:
    """Whether a companion that says ``text`` means the resource with these outputs."""
    if token in COMPANIONS or (link.targets and token not in link.targets):
        return False
    words = set(_texts(outputs))
    if not link.targets:  # a name alone could be anybody's
        words = {word for word in words if ":" in word}
    return text in words or any(text.startswith((f"{word}:", f"{word}/")) for word in words if word.startswith("arn:"))


def _texts(outputs: Mapping[str, Any]) -> Iterator[str]:
    for word in _WORDS:
        if isinstance(found := outputs.get(word), str) and found:
            yield found
