"""A local account with a PostgreSQL server behind its databases, shared by the tests of recovery points."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.exceptions import S3AccessDeniedError
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response

from guard.durable import durable
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.points import LocatedStore, RecoveryPoint
from tests.sandbox.account.conftest import REGION, ROOT, Account
from tests.sandbox.account.test_databases import account_on, running_server

TOKENS = {
    "table": "aws:dynamodb/table:Table",
    "bucket": "aws:s3/bucket:Bucket",
    "database": "aws:rds/instance:Instance",
    "queue": "aws:sqs/queue:Queue",
    "logs": "aws:cloudwatch/logGroup:LogGroup",
    "secret": "aws:secretsmanager/secret:Secret",
    "volume": "aws:ebs/volume:Volume",
    "host": "aws:ec2/instance:Instance",
    "belt": "aws:s3/bucketVersioning:BucketVersioning",
    "namespace": "kubernetes:core/v1:Namespace",
}


def store(kind: str, name: str, stack: str = "prod") -> LocatedStore:
    token = TOKENS[kind]
    urn = f"urn:pulumi:{stack}::rollback-stack::{token}::{name.strip('/')}"
    holds = durable(token)
    assert holds is not None
    return LocatedStore(urn=urn, type=token, kind=holds.kind, name=name, region=REGION)


def environment(url: str | None) -> dict[str, str]:
    """What leads AWS tools to an account."""
    return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", **({"AWS_ENDPOINT_URL": url} if url else {})}


@dataclass(frozen=True)
class Place:
    """Where the stores of a test and their copies lie."""

    account: Account
    catalogue: Catalogue

    def client(self, service: str) -> Any:
        return self.account.client(service)

    def make(self, kind: str, name: str, **more: Any) -> RecoveryPoint:
        """Make a recovery point and read it back."""
        made = work.make(store(kind, name), self.catalogue, "a tester", **more)
        return work.verify(made, self.catalogue)

    def recorded(self, point: RecoveryPoint) -> RecoveryPoint:
        """The record as it is now."""
        return next(each for each in self.catalogue.of(point.store) if each.id == point.id)

    def run(self, program: str) -> int:
        """Run a program in a process of its own; the exit code, negative where a signal ended it."""
        led = {**os.environ, **environment(self.account.url)}
        return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=led, timeout=60, check=False).returncode


@pytest.fixture(scope="session")
def recovery_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder: Path = tmp_path_factory.mktemp("recovery")
    with running_server(folder / "postgres") as server:
        made = account_on(server, folder / "state").start()
        yield made
        made.kill()


@pytest.fixture
def place(recovery_account: Account, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in environment(recovery_account.url).items():
        monkeypatch.setenv(name, value)
    catalogue = Catalogue("recovery-of-tests", REGION)
    catalogue.ensure()
    return Place(recovery_account, catalogue)


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An account within this process, for what needs no data."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(None).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


OTHERS = "999988887777"
"""An account of somebody else."""


def of_others(account: str) -> Any:
    """An S3 client with the credentials of another account."""
    role = f"arn:aws:iam::{account}:role/others"
    given = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role, RoleSessionName="others")["Credentials"]
    return boto3.client(
        "s3",
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> str:
    """Have the emulated S3 look at the bucket owner condition, as S3 does; another account's number."""
    authorize = S3Response._authenticate_and_authorize_s3_action

    def check(self: Any, bucket_name: str | None = None, **more: Any) -> None:
        expected = self.headers.get("x-amz-expected-bucket-owner")
        owner = bucket_name in (known := s3_backends[OTHERS]["aws"].buckets) and known[bucket_name].account_id
        if expected and owner and owner != expected:
            raise S3AccessDeniedError
        authorize(self, bucket_name=bucket_name, **more)

    monkeypatch.setattr(S3Response, "_authenticate_and_authorize_s3_action", check)
    return OTHERS
