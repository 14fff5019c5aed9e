"""The artifact bucket of a test's own account."""

from __future__ import annotations

import boto3

from apps import catalogue
from stacks.pinned import published


def upload(bucket: str) -> None:
    """Make the bucket in the account that the environment leads to, and put every package there that a release pins."""
    s3 = boto3.client("s3")
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    known = published()
    for package in catalogue.packages():
        if package.folder.relative_to(catalogue.ROOT).as_posix() not in known:
            continue
        s3.put_object(Bucket=bucket, Key=package.key, Body=package.content)
