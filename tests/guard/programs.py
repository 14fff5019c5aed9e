"""What a program of the small world declares: stores as data, and how each is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from guard.durable import Kind


@dataclass(frozen=True)
class Declared:
    """One store that a program declares."""

    kind: str
    """table, bucket, queue, logs, parameter or database; or topic, which holds nothing."""
    name: str
    physical: str | None
    """The name in the account; None: the engine makes one up."""
    key: str = "id"
    """A table's key."""
    user: str = "app"
    """A database's user."""
    inside: str | None = None
    """The component it lies in."""
    aliases: tuple[str, ...] = ()
    """Names it had before."""
    unlocked: bool = False
    """Without the account's own protection against deletes."""
    protect: bool | None = None
    retain: bool | None = None
    ttl: str | None = None
    """A table's attribute by which items expire."""
    lifecycle: int | None = None
    """Days after which a bucket's objects expire."""
    versioning: str = "Enabled"
    """A bucket's."""
    second_versioning: str | None = None
    """The status of another versioning of the same bucket."""
    private: bool = False
    """Whether a bucket has its BucketPublicAccessBlock, which the policies want."""
    beside: bool = False
    """A bucket's companions name it by an Output and have no parent, as most programs write them."""
    tells: bool = False
    """Whether EventBridge hears of a bucket's objects."""
    retention: int | None = None
    """A queue's in seconds, a log group's in days."""
    region: str | None = None
    """Another region than the default provider's."""
    provider: str | None = None
    """The region of a second provider, which the store is given."""
    taken: str | None = None
    """The option ``import_``: the id of what is there already."""
    read: bool = False
    """Only read (`get`): somebody else's, by its physical name."""


def undo(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    opts = args.opts
    opts.hooks, opts.retain_on_delete, opts.protect = None, False, False
    return pulumi.ResourceTransformationResult(args.props, opts)


def undo_late(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
    opts = args.opts
    opts.hooks, opts.retain_on_delete, opts.protect = None, False, False
    return pulumi.ResourceTransformResult(args.props, opts)


def make(store: Declared, parent: pulumi.Resource | None, provider: pulumi.ProviderResource | None) -> None:
    opts = pulumi.ResourceOptions(
        parent=parent,
        provider=provider,
        aliases=[pulumi.Alias(name=name, parent=pulumi.ROOT_STACK_RESOURCE) for name in store.aliases] or None,
        protect=store.protect,
        retain_on_delete=store.retain,
        import_=store.taken,
    )
    match store.kind:
        case "table" if store.read:
            aws.dynamodb.Table.get(store.name, store.physical, opts=opts)
        case "topic":
            aws.sns.Topic(store.name, name=store.physical, opts=opts)
        case "table":
            aws.dynamodb.Table(
                store.name,
                name=store.physical,
                region=store.region,
                hash_key=store.key,
                attributes=[aws.dynamodb.TableAttributeArgs(name=store.key, type="S")],
                billing_mode="PAY_PER_REQUEST",
                deletion_protection_enabled=not store.unlocked,
                point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
                ttl=aws.dynamodb.TableTtlArgs(attribute_name=store.ttl, enabled=True) if store.ttl else None,
                opts=opts,
            )
        case "bucket":
            bucket = aws.s3.Bucket(store.name, bucket=store.physical, opts=opts)
            _beside(store, bucket, pulumi.ResourceOptions(parent=None if store.beside else bucket))
        case "queue":
            aws.sqs.Queue(
                store.name,
                name=store.physical,
                message_retention_seconds=store.retention,
                region=store.region,
                opts=opts,
            )
        case "logs":
            aws.cloudwatch.LogGroup(store.name, name=store.physical, retention_in_days=store.retention or 30, opts=opts)
        case "parameter":
            aws.ssm.Parameter(store.name, name=store.physical, type="String", value="a prompt", opts=opts)
        case "database":
            aws.rds.Instance(
                store.name,
                identifier=store.physical,
                engine="postgres",
                instance_class="db.t4g.micro",
                allocated_storage=20,
                db_name="app",
                username=store.user,
                manage_master_user_password=True,
                storage_encrypted=True,
                backup_retention_period=7,
                deletion_protection=True,
                final_snapshot_identifier=f"{store.physical}-final",
                opts=opts,
            )
        case _:
            raise AssertionError(store.kind)


def _beside(store: Declared, bucket: aws.s3.Bucket, opts: pulumi.ResourceOptions) -> None:
    """What stands beside a bucket and changes how it keeps its objects."""
    for suffix, status in (("", store.versioning), ("-second", store.second_versioning)):
        if status is not None:
            aws.s3.BucketVersioning(
                f"{store.name}-versioning{suffix}",
                bucket=bucket.bucket,
                versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status=status),
                opts=opts,
            )
    if store.private:
        aws.s3.BucketPublicAccessBlock(
            f"{store.name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=opts,
        )
    if store.lifecycle is not None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire",
            status="Enabled",
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=store.lifecycle),
        )
        name = bucket.id.apply(str) if store.beside else bucket.bucket
        aws.s3.BucketLifecycleConfiguration(f"{store.name}-lifecycle", bucket=name, rules=[rule], opts=opts)
    if store.tells:
        aws.s3.BucketNotification(f"{store.name}-news", bucket=bucket.id, eventbridge=True, opts=opts)


def declared(rows: Sequence[Mapping[str, Any]], prefix: str) -> tuple[Declared, ...]:
    """Stores from a scenario's rows, such as ``{table: receipts, key: id}``; physical names get a prefix."""
    found = []
    for row in rows:
        ((kind, name),) = [(key, value) for key, value in row.items() if key in _KINDS]
        given = {key: value for key, value in row.items() if key not in _KINDS}
        physical = given.get("physical", name)
        given["physical"] = None if physical is None else f"{prefix}-{physical}"
        given["taken"] = f"{prefix}-{given['taken']}" if "taken" in given else None
        given["aliases"] = tuple(given.get("aliases", ()))
        found.append(Declared(kind=kind, name=name, **given))
    return tuple(found)


STORES = ("table", "bucket", "queue", "logs", "database")
_KINDS = (*STORES, "topic")
assert set(STORES) <= {kind.value for kind in Kind}
