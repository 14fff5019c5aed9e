"""Properties that mean the same in whatever type of AWS has them, also in one that no table names."""

from __future__ import annotations

from guard.in_place.checks import appears_or_shortens, removed, shorter, switched_off, switched_on
from guard.in_place.row import Row
from guard.in_place.values import ABSENT

_FORCE = "a delete takes all that is in it with it"
_PROTECTION = "deletion protection is switched off: anybody with the right to may delete it"
_SNAPSHOT = "a delete takes no final snapshot any more"
_BACKUPS = "automatic backups older than {after} are deleted: retention {before} -> {after}"
_WINDOW = "what is deleted can be restored for {after} instead of {before}"

ROWS = (
    Row("forceDestroy", switched_on, _FORCE, irreversible=False),
    Row("forceDelete", switched_on, _FORCE, irreversible=False),
    Row("deletionProtection", switched_off, _PROTECTION, irreversible=False),
    Row("deletionProtectionEnabled", switched_off, _PROTECTION, irreversible=False),
    Row("enableDeletionProtection", switched_off, _PROTECTION, irreversible=False),
    Row("terminationProtection", switched_off, _PROTECTION, irreversible=False),
    Row("terminationProtectionEnabled", switched_off, _PROTECTION, irreversible=False),
    Row("skipDestroy", switched_off, "it goes with the resource: a delete left it in the account so far", False),
    Row("skipFinalSnapshot", switched_on, _SNAPSHOT, irreversible=False),
    Row("skipFinalBackup", switched_on, "a delete takes no final backup any more", irreversible=False),
    Row("finalSnapshotIdentifier", removed, _SNAPSHOT, irreversible=False),
    Row("finalSnapshotName", removed, _SNAPSHOT, irreversible=False),
    Row("deleteAutomatedBackups", switched_on, "a delete takes the automatic backups with it", False, default=ABSENT),
    Row("backupRetentionPeriod", shorter("days"), _BACKUPS),
    Row("backupRetentionPeriodInDays", shorter("days"), _BACKUPS),
    Row("snapshotRetentionLimit", shorter("days"), _BACKUPS),
    Row("automaticBackupRetentionDays", shorter("days"), _BACKUPS),
    Row("recoveryWindowInDays", shorter("days"), _WINDOW, irreversible=False, default=30),
    Row("deletionWindowInDays", shorter("days"), _WINDOW, irreversible=False, default=30),
    Row("minRetentionDays", shorter("days"), "backups may be deleted after {after}: {before} so far", False),
    Row("pointInTimeRecovery.enabled", switched_off, "point-in-time recovery is switched off: its backups are deleted"),
    Row("ttl.enabled", switched_on, "time to live is switched on: items are deleted when their time comes"),
    Row(
        "retentionInDays",
        shorter("days", (ABSENT, 0)),
        "what is older than {after} is deleted: retention {before} -> {after}",
    ),
    Row("expirationInDays", appears_or_shortens("days"), "what is older than {after} is deleted: {before} so far"),
)
"""A type's own row for the same property goes before."""

NO_DATA = (
    "aws:alb/",
    "aws:autoscaling/",
    "aws:cloudwatch/eventRule:",
    "aws:cloudwatch/eventTarget:",
    "aws:directconnect/",
    "aws:ec2/default",
    "aws:ecs/",
    "aws:eks/",
    "aws:iam/",
    "aws:lambda/",
    "aws:lb/",
    "aws:networkfirewall/",
    "aws:servicediscovery/",
    "aws:transfer/",
)
"""What the beginnings of types say that hold no data, though they have switches of the same names."""
