"""A table for data: paid by request, restorable to any second, durable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws


def data_table(
    name: str,
    physical_name: str,
    key: str,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    *,
    attributes: tuple[str, ...] = (),
    **more: Any,
) -> aws.dynamodb.Table:
    """The table with its key, a string. ``attributes``: strings that indexes use; ``more``: as AWS's Table takes it."""
    return aws.dynamodb.Table(
        name,
        name=physical_name,
        billing_mode="PAY_PER_REQUEST",
        hash_key=key,
        attributes=[aws.dynamodb.TableAttributeArgs(name=each, type="S") for each in (key, *attributes)],
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        deletion_protection_enabled=True,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
        **more,
    )
