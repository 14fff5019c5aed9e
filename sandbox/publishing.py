"""The artifacts of every published release in their places, as a build pipeline would have left them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from sandbox.paths import ROOT, SandboxError

BUCKET = "rollback-stack-artifacts"
COMMANDS = (("release", "build", "--only-changed"), ("release", "publish"))


def publish(variables: Mapping[str, str]) -> None:
    """Make the bucket, and bring there what it lacks, with the commands that a person would use.

    variables: lead to this sandbox. Raises ``SandboxError`` with what a command said.
    """
    environment = {**os.environ, **variables}
    _make_bucket(variables)
    for words in COMMANDS:
        command = [sys.executable, "-m", "scripts.rollback", *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
            raise SandboxError(f"`rollback {' '.join(words)}` failed: {said[-1].removeprefix('error: ')}")


def _make_bucket(variables: Mapping[str, str]) -> None:
    """Versioned, as the one on a real account has to be; left alone where it is there."""
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
