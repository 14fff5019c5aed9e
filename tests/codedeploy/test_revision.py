"""A host's revision is the zip that its key names, or nothing is deployed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from codedeploy.deployments import DeploymentError, Ended, Group
from codedeploy.revision import RevisionDeployment

BUCKET, CONTENT, REGION = "artifacts", b"a revision", "us-east-1"
KEY = f"revisions/cryptique/1.0.0/{hashlib.sha256(CONTENT).hexdigest()}.zip"


class Deployments:
    """A group that has run nothing yet, and starts whatever it is asked to."""

    region = REGION
    application = group = "cryptique"

    def __init__(self) -> None:
        self.started: list[Mapping[str, Any]] = []

    async def settle(self, *_: object) -> None:
        return None

    async def call(self, *_: object, **__: object) -> dict[str, Any]:
        return {"deploymentGroupInfo": {}}

    async def start(self, revision: Mapping[str, Any], *_: object, **__: object) -> str:
        self.started.append(revision["s3Location"])
        return "d-1"

    async def ended(self, *_: object) -> Ended:
        return Ended("d-1", "Succeeded", "")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket=BUCKET)
        yield client


def moved(key: str = KEY) -> list[Mapping[str, Any]]:
    """Where the revisions lay that were deployed."""
    group = Deployments()
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(RevisionDeployment(cast(Group, group)).move(BUCKET, key, lambda _: None))
    return group.started


def test_the_very_zip_is_deployed_by_its_version(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
    assert moved() == [{"bucket": BUCKET, "key": KEY, "bundleType": "zip"}]
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)["VersionId"]
    assert moved() == [{"bucket": BUCKET, "key": KEY, "bundleType": "zip", "version": version}]


def test_another_zip_under_the_same_key_is_not_deployed(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"somebody else's")
    with pytest.raises(DeploymentError, match="isn't the zip that the release pins"):
        moved()


def test_one_that_is_not_there_is_said(s3: Any) -> None:
    with pytest.raises(DeploymentError, match="can't be read, and nothing was deployed"):
        moved()
