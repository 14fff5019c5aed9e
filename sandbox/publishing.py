"""The artifacts of every published release in their places, as a build pipeline would have left them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from sandbox.paths import ROOT, SandboxError

BUCKET = "rollback-stack-artifacts"
PUBLISH, BUILD = ("publish", "-s", "prod"), ("build", "--only-changed")


def publish(variables: Mapping[str, str]) -> None:
    """Make the bucket, and bring there and to the registry what they lack, with the commands that a person would use.

    What is there isn't built. variables: lead to this sandbox. Raises ``SandboxError`` with what a command said.
    """
    environment = {**os.environ, **variables}
    _make_bucket(variables)
    if _release(PUBLISH, environment) is not None:
        for words in (BUILD, PUBLISH):
            if said := _release(words, environment):
                raise SandboxError(f"`rollback release {' '.join(words)}` failed: {said}")


def _release(words: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Run a command of `rollback release`; its error, None where it went well."""
    command = [sys.executable, "-m", "cli.release", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if not done.returncode:
        return None
    said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
    return said[-1].removeprefix("error: ")


def _make_bucket(variables: Mapping[str, str]) -> None:
    """Private and versioned, as the one on a real account has to be; left alone where it is there."""
    import boto3

    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    if BUCKET not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    if s3.get_bucket_versioning(Bucket=BUCKET).get("Status") != "Enabled":
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    # S3 makes every new bucket so since April 2023; moto does not.
    s3.put_public_access_block(
        Bucket=BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
