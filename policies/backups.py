"""Backups that outlive the time in which somebody goes back: plans, lifecycles, vaults, and a database's last copies.

Sources: AWS Backup API, BackupRule, PutBackupVaultLockConfiguration; Data Lifecycle Manager API, RetainRule; S3 API,
NoncurrentVersionExpiration; RDS API, DeleteDBInstance, ModifyDBInstance; ECR API, PutImageTagMutability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from core.model import Model
from policies.belts import BUCKETS, DATABASES, is_replica
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items
from policies.values import is_off, is_on, number

PLAN, VAULT_LOCK = "aws:backup/plan:Plan", "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
LIFECYCLE, EFS = "aws:dlm/lifecyclePolicy:LifecyclePolicy", "aws:efs/backupPolicy:BackupPolicy"
OBJECTS: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
FINAL: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (*DATABASES, "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster", "aws:redshift/cluster:Cluster"),
        "finalSnapshotIdentifier",
    ),
    "aws:memorydb/cluster:Cluster": "finalSnapshotName",
    "aws:lightsail/database:Database": "finalSnapshotName",
}
"""Type -> what names its final snapshot. Without a name some services take none, and others refuse the delete."""
UPGRADED: Final = (
    *DATABASES,
    "aws:dms/replicationInstance:ReplicationInstance",
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
)
PROTECTED: Final[Mapping[str, str]] = {
    "aws:alb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
    "aws:eks/cluster:Cluster": "deletionProtection",
    "aws:networkfirewall/firewall:Firewall": "deleteProtection",
    "aws:pinpoint/smsvoicev2PhoneNumber:Smsvoicev2PhoneNumber": "deletionProtectionEnabled",
    "aws:pinpoint/smsvoicev2Pool:Smsvoicev2Pool": "deletionProtectionEnabled",
    "aws:pinpoint/smsvoicev2SenderId:Smsvoicev2SenderId": "deletionProtectionEnabled",
    "aws:quicksight/accountSettings:AccountSettings": "terminationProtectionEnabled",
}
"""What holds no data of its own, but an address or objects that come back under another name, or not at all."""
ON_BY_ITSELF: Final = frozenset({"aws:quicksight/accountSettings:AccountSettings"})
"""What is protected where nothing is said."""
DAYS: Final[Mapping[str, str]] = {
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": "retentionPeriod",
    "aws:redshift/clusterSnapshot:ClusterSnapshot": "manualSnapshotRetentionPeriod",
    "aws:redshift/snapshotCopy:SnapshotCopy": "retentionPeriod",
    "aws:redshiftserverless/snapshot:Snapshot": "retentionPeriod",
}
"""Backups that say for how many days they stay; -1 is for ever."""
UNIT_DAYS: Final[Mapping[str, float]] = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}
HOURS: Final = 24
"""A day's."""


class Window(Model):
    """How far back somebody has to be able to go."""

    min_days: Annotated[int, Field(ge=1, le=3_650)] = 7
    """Days that backups have to reach back."""


def outliving(resource: Resource, config: Window, _facts: PolicyContext) -> Iterator[str]:
    """No backup goes before the window ends."""
    for what, days in _kept(resource):
        if days < config.min_days:
            yield f"{resource.name}: {what} are kept for {days:g} days; at least {config.min_days} are wanted"
    if resource.type == EFS and str(resource.get("backupPolicy.status")).upper() in ("DISABLED", "DISABLING"):
        yield f"{resource.name}: the file system's automatic backups are off"


def _kept(resource: Resource) -> Iterator[tuple[str, float]]:
    """What a resource keeps, and for how many days."""
    if resource.type == PLAN:
        for rule in items(resource.get("rules")):
            days = number(dig(rule, "lifecycle.deleteAfter"))
            if days is not None:
                yield f"recovery points of the rule {dig(rule, 'ruleName')}", days
            for copy in items(dig(rule, "copyActions")):
                if (days := number(dig(copy, "lifecycle.deleteAfter"))) is not None:
                    yield f"copies of the rule {dig(rule, 'ruleName')}", days
    elif resource.type == VAULT_LOCK:
        if (days := number(resource.get("minRetentionDays"))) is not None:
            yield "recovery points of the locked vault", days
    elif resource.type == LIFECYCLE:
        yield from _snapshots(resource)
    elif resource.type in DAYS:
        if (days := number(resource.get(DAYS[resource.type]))) is not None and days >= 0:
            yield "backups", days
    elif resource.type in OBJECTS or resource.type in BUCKETS:
        yield from _versions(resource)


def _snapshots(policy: Resource) -> Iterator[tuple[str, float]]:
    """How long Data Lifecycle Manager keeps snapshots: by their age, or by their number at one each so many hours."""
    for schedule in items(policy.get("policyDetails.schedules")):
        name, every = dig(schedule, "name"), number(dig(schedule, "createRule.interval"))
        count, days = number(dig(schedule, "retainRule.count")), _age(dig(schedule, "retainRule"))
        if days is None and count is not None and every is not None:
            days = count * every / HOURS
        if days is not None:
            yield f"snapshots of the schedule {name}", days
        for copy in items(dig(schedule, "crossRegionCopyRules")):
            if (days := _age(dig(copy, "retainRule"))) is not None:
                yield f"copies of the schedule {name}", days
    if (days := number(policy.get("policyDetails.retainInterval"))) is not None:
        yield "snapshots of the default policy", days


def _age(rule: object) -> float | None:
    """The days of a rule that counts by age."""
    interval, unit = number(dig(rule, "interval")), UNIT_DAYS.get(str(dig(rule, "intervalUnit")))
    return None if interval is None or unit is None else interval * unit


def _versions(lifecycle: Resource) -> Iterator[tuple[str, float]]:
    """How long a bucket keeps what was overwritten or deleted; a bound on their number keeps the newest ones."""
    for rule in (*items(lifecycle.get("rules")), *items(lifecycle.get("lifecycleRules"))):
        if dig(rule, "status") == "Disabled" or is_off(dig(rule, "enabled")):
            continue
        expiry = dig(rule, "noncurrentVersionExpiration")
        days = number(dig(expiry, "noncurrentDays"))
        days = number(dig(expiry, "days")) if days is None else days
        if days is not None and not number(dig(expiry, "newerNoncurrentVersions")):
            yield f"older versions of objects (rule {dig(rule, 'id')})", days


def last_copies(database: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A delete of a database leaves its final snapshot and its automatic backups."""
    if is_replica(database):
        return
    name = FINAL[database.type]
    if database.get(name) in (None, "") and not is_on(database.get("skipFinalSnapshot")):
        yield f"{database.name}: its final snapshot has no name ({name}): none is taken, or the delete is refused"
    if database.type in DATABASES:
        goes = database.get("deleteAutomatedBackups")
        if goes is None or is_on(goes):
            yield f"{database.name}: a delete takes its automatic backups with it (deleteAutomatedBackups)"


def upgraded(database: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No database moves to another major version by an ordinary update: there is no way back but a restore."""
    if is_on(database.get("allowMajorVersionUpgrade")):
        when = ", at once (applyImmediately)" if is_on(database.get("applyImmediately")) else ""
        yield f"{database.name} may move to another major version{when}, which can't be undone"


def protected(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """What others reach by its address can't be deleted by accident."""
    path = PROTECTED[resource.type]
    found = resource.get(path)
    if (found is None and resource.type not in ON_BY_ITSELF) or is_off(found):
        yield f"{resource.name} can be deleted by accident: {path} has to be true"


RULES = (
    ResourceRule(
        name="backup-retention",
        description="Backups and older versions outlive the time in which somebody goes back.",
        severity=Severity.HIGH,
        remedy="Keep recovery points, snapshots and noncurrent versions for minDays or longer.",
        types=frozenset({PLAN, VAULT_LOCK, LIFECYCLE, EFS, *DAYS, *OBJECTS, *BUCKETS}),
        check=outliving,
        config=Window,
    ),
    ResourceRule(
        name="database-last-copies",
        description="A delete of a database leaves a final snapshot and its automatic backups.",
        severity=Severity.HIGH,
        remedy="Set finalSnapshotIdentifier, and deleteAutomatedBackups to false.",
        types=frozenset(FINAL),
        check=last_copies,
    ),
    ResourceRule(
        name="database-major-upgrade",
        description="No database may move to another major version.",
        severity=Severity.HIGH,
        remedy=(
            "Leave allowMajorVersionUpgrade out; upgrade by a blue/green deployment or a restored copy, which keeps "
            "the old one, or waive this for the week of the upgrade."
        ),
        types=frozenset(UPGRADED),
        check=upgraded,
    ),
    ResourceRule(
        name="deletion-protection",
        description="Load balancers, clusters, firewalls and phone numbers can't be deleted by accident.",
        severity=Severity.HIGH,
        remedy="Switch on deletion protection: another one has another address, and empty hands.",
        types=frozenset(PROTECTED),
        check=protected,
    ),
)
