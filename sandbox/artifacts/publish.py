"""Puts every package (functions, layers, revisions) into the artifact bucket of the local account."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.artifacts import catalogue
from sandbox.artifacts.errors import ArtifactError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType


@dataclass(frozen=True)
class Published:
    """What a publish did."""

    bucket: str
    uploaded: tuple[str, ...]
    already_there: int


def publish(bucket: str, root: Path = catalogue.ROOT) -> Published:
    """Upload the packages that the bucket doesn't hold yet, making the bucket (versioned) where it's missing.

    Raises:
        ArtifactError: AWS_ENDPOINT_URL isn't the local account, or the account didn't take the upload.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    endpoint = _loopback_endpoint()
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "sandbox"),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "sandbox"),
    )
    packages = {artifact.key: artifact for artifact in catalogue.packages(root)}
    try:
        _make_bucket(s3, bucket, region)
        present = _keys(s3, bucket)
        missing = [key for key in packages if key not in present]
        for key in missing:
            s3.put_object(Bucket=bucket, Key=key, Body=packages[key].content, ContentType="application/zip")
    except (BotoCoreError, ClientError) as error:
        raise ArtifactError(f"can't publish to bucket {bucket} at {endpoint}: {error}") from error
    return Published(bucket, tuple(missing), len(packages) - len(missing))


def _make_bucket(s3: S3Client, bucket: str, region: str) -> None:
    if bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        if region == "us-east-1":
            # S3 CreateBucket refuses us-east-1 as a location constraint: it is the default.
            s3.create_bucket(Bucket=bucket)
        else:
            location: BucketLocationConstraintType = region  # type: ignore[assignment]
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": location})
        # As S3 makes every bucket since April 2023 (S3 user guide, "Default settings for new S3 buckets"), unlike moto.
        words = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(words, True))  # type: ignore[arg-type]
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


def _keys(s3: S3Client, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {found["Key"] for page in pages for found in page.get("Contents", [])}


def _loopback_endpoint() -> str:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint:
        raise ArtifactError(
            "AWS_ENDPOINT_URL is not set: start the local account with `make up` and publish from `make shell`"
        )
    host = urlsplit(endpoint).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ArtifactError(
            f"AWS_ENDPOINT_URL is {endpoint}: packages are published to a local account on loopback only"
        )
    return endpoint
