"""A bucket for data: private, encrypted, versioned, durable."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws


def data_bucket(name: str, physical_name: str, tags: Mapping[str, str], parent: pulumi.Resource) -> aws.s3.Bucket:
    """The bucket with what belongs to it; ``name`` is what the resources' names begin with."""
    bucket = aws.s3.Bucket(name, bucket=physical_name, tags=tags, opts=pulumi.ResourceOptions(parent=parent))
    child = pulumi.ResourceOptions(parent=bucket)
    aws.s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=pulumi.ResourceOptions(parent=bucket),
    )
    aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=(
                    aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            )
        ],
        opts=child,
    )
    return bucket
