"""Resources that stand beside a store and change how it keeps what it has."""

from __future__ import annotations

from collections.abc import Mapping

COMPANIONS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
            "aws:s3/bucketNotification:BucketNotification",
            "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
            "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
            "aws:s3/bucketVersioning:BucketVersioning",
            "aws:s3/bucketVersioningV2:BucketVersioningV2",
            "aws:s3control/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        ),
        "bucket",
    ),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": "backupVaultName",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": "logGroup",
    "aws:dynamodb/globalSecondaryIndex:GlobalSecondaryIndex": "tableName",
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": "tableName",
    "aws:dynamodb/tableReplica:TableReplica": "globalTableArn",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "repository",
    "aws:efs/backupPolicy:BackupPolicy": "fileSystemId",
    "aws:efs/replicationConfiguration:ReplicationConfiguration": "sourceFileSystemId",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "eventSourceArn",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "functionName",
    "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy": "name",
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "sourceDbInstanceArn",
    "aws:redshift/snapshotCopy:SnapshotCopy": "clusterIdentifier",
    "aws:redshift/snapshotScheduleAssociation:SnapshotScheduleAssociation": "clusterIdentifier",
    "aws:sns/topicSubscription:TopicSubscription": "topic",
    "aws:sqs/redrivePolicy:RedrivePolicy": "queueUrl",
}
"""A resource that stands beside a store and changes it -> the input that names the store."""
