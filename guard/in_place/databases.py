"""AWS: the properties by which databases and caches lose data, or the snapshots from which it could be restored.

Defaults and meanings are those of pulumi-aws 7.51.1 and of the services' API references.
"""

from __future__ import annotations

from collections.abc import Mapping

from guard.in_place.checks import major_version, members, removed, shorter, switched_off, switched_on
from guard.in_place.row import Leaving, Row
from guard.in_place.values import AS_IT_IS, Missing

PROTECTION = "deletion protection is switched off: anybody with the right to may delete it"
MAJOR = "the data is converted from version {before} to {after}; an older one can't read it any more"
SMALLER = "it becomes smaller: {before} -> {after}; what doesn't fit is lost"
_EXPORTS = Row("enabledCloudwatchLogsExports", members(), "the log {item} is exported no more", default=[])
_MAJOR = Row("", major_version(), MAJOR)
_INSIGHTS = Row(
    "performanceInsightsRetentionPeriod",
    shorter("days"),
    "performance data older than {after} is deleted: kept {before} so far",
    default=AS_IT_IS,
)


def backups(path: str, default: float | Missing, unit: str = "days") -> Row:
    """Automatic backups, which go when their time is shortened."""
    return Row(
        path,
        shorter(unit),
        "automatic backups older than {after} are deleted: retention {before} -> {after}",
        default=default,
    )


_DATABASE = (
    Row("deletionProtection", switched_off, PROTECTION, irreversible=False),
    Row("skipFinalSnapshot", switched_on, "a delete takes no final snapshot any more", irreversible=False),
    Row("finalSnapshotIdentifier", removed, "a delete has no name for its final snapshot", irreversible=False),
    _EXPORTS,
    _MAJOR,
)
_RDS = (
    *_DATABASE,
    Row(
        "deleteAutomatedBackups",
        switched_on,
        "a delete takes the automatic backups with it",
        irreversible=False,
        default=True,
    ),
    Row("allocatedStorage", shorter("GiB"), SMALLER, default=AS_IT_IS),
    _INSIGHTS,
)
_COPY_ENDS = "it follows {before} no more: the copy ends"
_SNAPSHOTS = (
    Row(
        "snapshotRetentionLimit",
        shorter("days"),
        "automatic snapshots older than {after} are deleted: retention {before} -> {after}",
        default=0,
    ),
    Row("finalSnapshotIdentifier", removed, "a delete takes no final snapshot any more", irreversible=False),
    Row("finalSnapshotName", removed, "a delete takes no final snapshot any more", irreversible=False),
)
ROWS: Mapping[str, tuple[Row, ...]] = {
    "aws:rds/instance:Instance": (
        *_RDS,
        backups("backupRetentionPeriod", 0),
        Row("replicateSourceDb", removed, _COPY_ENDS),
    ),
    "aws:rds/cluster:Cluster": (
        *_RDS,
        backups("backupRetentionPeriod", 1),
        Row(
            "backtrackWindow",
            shorter("s"),
            "the database goes back by {after} at the most: {before} so far",
            default=0,
        ),
        Row("replicationSourceIdentifier", removed, _COPY_ENDS),
    ),
    "aws:docdb/cluster:Cluster": (
        *_DATABASE,
        backups("backupRetentionPeriod", 1),
    ),
    "aws:docdb/elasticCluster:ElasticCluster": (backups("backupRetentionPeriod", 1),),
    "aws:neptune/cluster:Cluster": (
        *_DATABASE,
        Row("enableCloudwatchLogsExports", members(), _EXPORTS.lost, default=[]),
        backups("backupRetentionPeriod", 1),
        Row("replicationSourceIdentifier", removed, _COPY_ENDS),
    ),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (backups("retentionPeriod", 7),),
    "aws:redshift/cluster:Cluster": (
        backups("automatedSnapshotRetentionPeriod", 1),
        Row(
            "manualSnapshotRetentionPeriod",
            shorter("days", forever=(-1,)),
            "snapshots by hand are kept for a shorter time: {before} -> {after}",
            default=-1,
        ),
    ),
    "aws:redshift/snapshotCopy:SnapshotCopy": (
        Row(
            "retentionPeriod",
            shorter("days"),
            "copied snapshots older than {after} are deleted: retention {before} -> {after}",
            default=7,
        ),
        Row(
            "manualSnapshotRetentionPeriod",
            shorter("days", forever=(-1,)),
            "copied snapshots by hand are kept for a shorter time: {before} -> {after}",
            default=-1,
        ),
    ),
    "aws:redshift/clusterSnapshot:ClusterSnapshot": (
        Row(
            "manualSnapshotRetentionPeriod",
            shorter("days", forever=(-1,)),
            "the snapshot goes sooner: kept {before} -> {after}",
            default=-1,
        ),
    ),
    "aws:redshiftserverless/snapshot:Snapshot": (
        Row(
            "retentionPeriod",
            shorter("days", forever=(-1,)),
            "the snapshot goes sooner: kept {before} -> {after}",
            default=-1,
        ),
    ),
    **dict.fromkeys(
        (
            "aws:elasticache/cluster:Cluster",
            "aws:elasticache/replicationGroup:ReplicationGroup",
            "aws:memorydb/cluster:Cluster",
        ),
        (*_SNAPSHOTS, _MAJOR),
    ),
    "aws:elasticache/serverlessCache:ServerlessCache": (
        *_SNAPSHOTS[:1],
        Row(
            "cacheUsageLimits.dataStorage.maximum",
            shorter("GB"),
            "the cache holds less: {before} -> {after}; keys are evicted",
        ),
    ),
}
"""Token -> its rows."""

LEAVINGS: Mapping[str, Leaving] = {
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": Leaving(
        "automatic backups are copied to the other region no more"
    ),
    "aws:redshift/snapshotCopy:SnapshotCopy": Leaving("snapshots are copied to the other region no more"),
    "aws:redshift/snapshotScheduleAssociation:SnapshotScheduleAssociation": Leaving(
        "no snapshots are made by the schedule any more", irreversible=False
    ),
}
"""Companion -> what its delete loses."""
