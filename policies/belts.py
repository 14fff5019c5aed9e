"""What the cloud itself offers against loss: deletion protection, backups, encryption, final snapshots.

Each value is the property's, with the provider's default where a program leaves it out (Pulumi Registry, AWS).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guard.durable import Kind, aws_tokens, durable
from policies.subject import UNKNOWN, Resource, dig, items, known
from policies.values import is_off, is_on, number

TABLE = "aws:dynamodb/table:Table"
DATABASES = ("aws:rds/instance:Instance", "aws:rds/cluster:Cluster")
CACHE = "aws:elasticache/cluster:Cluster"
BUCKETS = aws_tokens(Kind.BUCKET)
_CLUSTERS: Final = ("aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
_GLOBAL: Final = (
    "aws:docdb/globalCluster:GlobalCluster",
    "aws:neptune/globalCluster:GlobalCluster",
    "aws:rds/globalCluster:GlobalCluster",
)
ON: Final = ("ACTIVE", "ENABLED")
"""How some services spell true."""

REPLICA: Final = ("deletionProtectionEnabled", "pointInTimeRecovery")
WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    TABLE: ("deletionProtectionEnabled", "pointInTimeRecovery.enabled"),
    "aws:dynamodb/tableReplica:TableReplica": REPLICA,
    **dict.fromkeys((*DATABASES, *_CLUSTERS), ("deletionProtection", "storageEncrypted")),
    **dict.fromkeys(_GLOBAL, ("deletionProtection",)),
    "aws:cognito/userPool:UserPool": ("deletionProtection",),
    "aws:dsql/cluster:Cluster": ("deletionProtectionEnabled",),
    "aws:efs/fileSystem:FileSystem": ("encrypted",),
    "aws:elasticsearch/domain:Domain": ("encryptAtRest.enabled",),
    "aws:keyspaces/table:Table": ("pointInTimeRecovery.status",),
    "aws:neptunegraph/graph:Graph": ("deletionProtection",),
    "aws:opensearch/domain:Domain": ("encryptAtRest.enabled",),
    "aws:verifiedpermissions/policyStore:PolicyStore": ("deletionProtection",),
}
"""Type -> what has to be on, where leaving it out is off."""
KEPT_ON: Final = (
    "atRestEncryptionEnabled",
    "automaticBackupReplicationEnabled",
    "backupRetentionEnabled",
    "deletionProtected",
    "deletionProtection",
    "deletionProtectionEnabled",
    "encrypted",
    "storageEncrypted",
    "terminationProtection",
    "terminationProtectionEnabled",
)
"""What may not be switched off in any store that has it. What has no default is on, or the service's own affair."""
KEPT_OFF: Final = ("forceDelete", "forceDestroy", "skipFinalBackup", "skipFinalSnapshot")
"""What may not be switched on in any store."""
LOCKS: Final = frozenset(
    {
        "deletionProtected",
        "deletionProtection",
        "deletionProtectionEnabled",
        "forceDelete",
        "forceDestroy",
        "terminationProtection",
        "terminationProtectionEnabled",
    }
)
"""The account's own locks against a delete, which an approval of that delete opens."""
NOT_THE_STORE: Final = {"aws:rds/globalCluster:GlobalCluster": "forceDestroy"}
"""A name that means something else there: members leave a global cluster, and stay."""


@dataclass(frozen=True)
class Days:
    """How long a type keeps its automatic backups."""

    path: str
    usual: float | None
    """Where nothing is said; None where it has to be said."""


RETAINED: Final[Mapping[str, Days]] = {
    **dict.fromkeys(DATABASES, Days("backupRetentionPeriod", None)),
    **dict.fromkeys(
        (*_CLUSTERS, "aws:docdb/elasticCluster:ElasticCluster"),
        Days("backupRetentionPeriod", 1),
    ),
    TABLE: Days("pointInTimeRecovery.recoveryPeriodInDays", 35),
    **dict.fromkeys(
        (
            CACHE,
            "aws:elasticache/replicationGroup:ReplicationGroup",
            "aws:elasticache/serverlessCache:ServerlessCache",
            "aws:memorydb/cluster:Cluster",
        ),
        Days("snapshotRetentionLimit", 0),
    ),
    "aws:redshift/cluster:Cluster": Days("automatedSnapshotRetentionPeriod", 1),
    "aws:fsx/ontapFileSystem:OntapFileSystem": Days("automaticBackupRetentionDays", 30),
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem": Days("automaticBackupRetentionDays", 0),
    "aws:fsx/windowsFileSystem:WindowsFileSystem": Days("automaticBackupRetentionDays", 7),
}
WINDOWS: Final = ("deletionWindowInDays", "recoveryWindowInDays")
"""Days in which a delete can be taken back; 0 is none."""


class Belted:
    """Every store of AWS, as a container: whatever else it is, it may not be emptied by its delete."""

    def __contains__(self, token: object) -> bool:
        return isinstance(token, str) and token.startswith("aws:") and durable(token) is not None


def is_replica(resource: Resource) -> bool:
    """Whether a database is another one's copy: it can have no final snapshot, and its source has the backups."""
    return resource.type == DATABASES[0] and resource.get("replicateSourceDb") not in (None, "")


def faults(resource: Resource, days: int, *, let_go: bool) -> Iterator[str]:
    """What a store lacks; ``let_go``: its delete is approved, so that its locks alone may be open."""
    wanted = WANTED.get(resource.type, ())
    for path in (*wanted, *(each for each in KEPT_ON if each not in wanted)):
        if let_go and path in LOCKS:
            continue
        found = resource.get(path)
        missing = found is None and path in wanted
        if missing or is_off(found) or (isinstance(found, str) and path in (*wanted, *KEPT_ON) and not _on(found)):
            yield f"{path} has to be true" if found in (None, False) else f"{path} has to be on, not {found}"
    if resource.type == TABLE:
        yield from _replicas(resource, let_go=let_go)
    for path in KEPT_OFF:
        excused = (let_go and path in LOCKS) or NOT_THE_STORE.get(resource.type) == path
        if path == "skipFinalSnapshot" and is_replica(resource):
            continue
        if is_on(resource.get(path)) and not excused:
            yield f"{path} has to be false"
    for path in WINDOWS:
        if number(resource.get(path)) == 0:
            yield f"{path} is 0: a delete can't be taken back"
    if not is_replica(resource) and not _without_snapshots(resource):
        yield from _retained(resource, days)


def _replicas(table: Resource, *, let_go: bool) -> Iterator[str]:
    """What a table's copies in other regions lack: each has switches of its own, and both are off where unsaid."""
    for replica in items(table.get("replicas")):
        for path in REPLICA:
            found = dig(replica, path)
            if not (let_go and path in LOCKS) and (found is None or is_off(found)):
                yield f"{path} of the replica in {dig(replica, 'regionName')} has to be true"


def _without_snapshots(resource: Resource) -> bool:
    """Whether a cache can have no snapshots of its own: Memcached takes none, and a group takes its members'."""
    return resource.type == CACHE and (
        resource.get("replicationGroupId") not in (None, "") or resource.get("engine") in ("memcached", UNKNOWN)
    )


def _on(found: str) -> bool:
    return is_on(found) or found.upper() in ON


def _retained(resource: Resource, days: int) -> Iterator[str]:
    kept = RETAINED.get(resource.type)
    if kept is None:
        return
    found = resource.get(kept.path)
    figure = number(kept.usual if found is None else found)
    if figure is not None and figure < days:
        yield f"backups are kept for {figure:g} days; at least {days} are wanted ({kept.path})"
    elif figure is None and (found is None or known(found)):
        yield f"{kept.path} isn't set; at least {days} days are wanted"
