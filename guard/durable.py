"""Which resource types hold data, as data: what an update must not delete or replace without a recovery point.

What forces a replacement is the provider's own word (pulumi-aws 7.51.1: the properties that say "Forces new resource").
Types that hold nothing are named in ``guard.stateless``; a test fails when the program creates a type of neither kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

HOOK = "durable-store"
"""The name that the delete hook has in the state. It never changes: a program that doesn't know it can delete nothing
that bears it."""


class Kind(StrEnum):
    """What a store is, which decides how its recovery point is made and how its items are counted."""

    TABLE = "table"
    BUCKET = "bucket"
    DATABASE = "database"
    QUEUE = "queue"
    LOGS = "logs"
    VOLUME = "volume"
    NAMESPACE = "namespace"
    SECRET = "secret"  # noqa: S105 - a kind of store
    HOST = "host"
    """A machine whose disks hold databases that are no resources of their own."""
    BELT = "belt"
    """Holds nothing itself; without it a store could lose what it has (a bucket's versioning)."""


@dataclass(frozen=True)
class Durable:
    """One durable type."""

    kind: Kind
    name: str
    """The input (a path with dots) that is the store's physical name."""
    identity: tuple[str, ...]
    """Inputs (paths with dots) whose change makes the provider replace the store."""
    hours: int = 24
    """The oldest that a recovery point may be when the store is deleted."""
    passing: bool = False
    """Items come and go by themselves: an empty one may be deleted without a recovery point, though not unasked."""

    unlocked: Mapping[str, Any] = field(default_factory=dict)
    """Arguments (as Python spells them) that a store gets once its delete is approved: the account's own locks, open.
    An update before the delete has to bring them to the account."""

    @property
    def bound(self) -> timedelta:
        """The oldest that a recovery point may be when the store is deleted."""
        return timedelta(hours=self.hours)


_BUCKET = Durable(
    Kind.BUCKET, "bucket", ("bucket", "bucketPrefix", "objectLockEnabled"), unlocked={"force_destroy": True}
)

DURABLE: Mapping[str, Durable] = {
    "aws:dynamodb/table:Table": Durable(
        Kind.TABLE, "name", ("name", "hashKey", "rangeKey"), hours=1, unlocked={"deletion_protection_enabled": False}
    ),
    "aws:s3/bucket:Bucket": _BUCKET,
    "aws:s3/bucketV2:BucketV2": _BUCKET,
    "aws:s3/bucketVersioning:BucketVersioning": Durable(Kind.BELT, "bucket", ("bucket",)),
    "aws:rds/instance:Instance": Durable(
        Kind.DATABASE,
        "identifier",
        ("identifierPrefix", "engine", "dbName", "username", "storageEncrypted", "kmsKeyId", "characterSetName"),
        hours=1,
        unlocked={"deletion_protection": False},
    ),
    "aws:rds/cluster:Cluster": Durable(
        Kind.DATABASE,
        "clusterIdentifier",
        ("clusterIdentifier", "engine", "databaseName", "masterUsername", "storageEncrypted"),
        hours=1,
        unlocked={"deletion_protection": False},
    ),
    "aws:sqs/queue:Queue": Durable(Kind.QUEUE, "name", ("name", "namePrefix", "fifoQueue"), hours=1, passing=True),
    "aws:cloudwatch/logGroup:LogGroup": Durable(
        Kind.LOGS, "name", ("name", "namePrefix", "logGroupClass"), passing=True
    ),
    "aws:secretsmanager/secret:Secret": Durable(Kind.SECRET, "name", ("name", "namePrefix")),
    "aws:ebs/volume:Volume": Durable(
        Kind.VOLUME, "tags.Name", ("availabilityZone", "snapshotId", "encrypted"), hours=1
    ),
    "aws:efs/fileSystem:FileSystem": Durable(
        Kind.VOLUME, "creationToken", ("creationToken", "encrypted", "kmsKeyId"), hours=1
    ),
    "aws:ec2/instance:Instance": Durable(Kind.HOST, "tags.Name", ("ami", "availabilityZone", "subnetId"), hours=1),
    "kubernetes:core/v1:Namespace": Durable(Kind.NAMESPACE, "metadata.name", ("metadata.name",), passing=True),
    "kubernetes:core/v1:PersistentVolumeClaim": Durable(
        Kind.VOLUME, "metadata.name", ("metadata.name", "metadata.namespace", "spec.storageClassName"), hours=1
    ),
    "kubernetes:core/v1:PersistentVolume": Durable(Kind.VOLUME, "metadata.name", ("metadata.name",), hours=1),
    "kubernetes:apps/v1:StatefulSet": Durable(
        Kind.VOLUME, "metadata.name", ("metadata.name", "metadata.namespace", "spec.serviceName"), hours=1
    ),
}
"""Durable types by token. What changes by the second has recovery points that age in an hour."""


def look_up(inputs: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a path with dots; None where there is none."""
    here: Any = inputs
    for part in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here


def physical_name(token: str, inputs: Mapping[str, Any] | None, identifier: str | None = None) -> str:
    """The name under which the account or cluster knows a store; its id, or ``(unnamed)``, where no input says."""
    found = look_up(inputs, DURABLE[token].name)
    return str(found or identifier or "(unnamed)")
