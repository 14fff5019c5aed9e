"""The two buckets: there, whose, private, versioned. moto knows no bucket of another account: S3's answer stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.preflight import buckets
from cli.preflight.rows import CheckResult, State
from guard.recovery import safety

BUCKET, REGION, OWNER = "zips", "eu-west-1", "123456789012"
MAKE = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("s3", region_name=REGION)


def both(s3: Any) -> dict[str, CheckResult]:
    return {
        "artifact": buckets.artifacts(s3, BUCKET, REGION, OWNER),
        "recovery": buckets.recovery(s3, BUCKET, OWNER),
    }


def test_as_rollback_makes_it_is_fine(s3: Any) -> None:
    s3.create_bucket(Bucket=BUCKET, **MAKE)
    safety.set_up(s3, BUCKET)
    for kind, found in both(s3).items():
        assert found.state is State.FINE
        assert found.detail == f"{kind} bucket {BUCKET} is this account's, private and versioned"


def test_one_that_nobody_has_is_missing_unless_rollback_makes_it(s3: Any) -> None:
    found = both(s3)
    assert found["artifact"].state is State.MISSING
    assert f"LocationConstraint={REGION}" in found["artifact"].remedy
    assert "rollback release publish" in found["artifact"].remedy
    assert found["recovery"].state is State.FINE
    assert "the first update makes it" in found["recovery"].detail


@pytest.mark.parametrize("kind", ["artifact", "recovery"])
def test_one_that_can_be_made_public_or_keeps_no_versions_is_told_with_the_command(s3: Any, kind: str) -> None:
    s3.create_bucket(Bucket=BUCKET, **MAKE)
    found = both(s3)[kind]
    assert (found.state, found.detail) == (State.MISSING, f"{kind} bucket {BUCKET} can be made public")
    assert f"put-public-access-block --bucket {BUCKET}" in found.remedy
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=safety.CLOSED)
    found = both(s3)[kind]
    assert (found.state, found.detail) == (State.MISSING, f"{kind} bucket {BUCKET} keeps no versions")
    assert f"put-bucket-versioning --bucket {BUCKET}" in found.remedy


class Answering:
    """S3 with an answer of its own for some operations; fine for the others."""

    def __init__(self, **codes: str) -> None:
        self.codes = codes
        self.owners = set[str]()

    def __getattr__(self, operation: str) -> Any:
        def call(Bucket: str, ExpectedBucketOwner: str) -> dict[str, Any]:
            self.owners.add(ExpectedBucketOwner)
            if code := self.codes.get(operation):
                raise ClientError({"Error": {"Code": code, "Message": code}}, operation)
            return {"PublicAccessBlockConfiguration": safety.CLOSED, "Status": "Enabled"}

        return call


@pytest.mark.parametrize("kind", ["artifact", "recovery"])
@pytest.mark.parametrize(
    ("codes", "state", "said"),
    [
        ({"head_bucket": "403"}, State.MISSING, f"belongs to another account than {OWNER}, or this role may not"),
        ({"head_bucket": "301"}, State.MISSING, "lies in another region"),
        ({"get_public_access_block": "AccessDenied"}, State.UNKNOWN, "whether it is private may not be asked"),
        ({"get_bucket_versioning": "AccessDenied"}, State.UNKNOWN, "whether it keeps versions may not be asked"),
        ({}, State.FINE, "private and versioned"),
    ],
)
def test_what_s3_answers_is_told(kind: str, codes: dict[str, str], state: State, said: str) -> None:
    s3 = Answering(**codes)
    found = both(s3)[kind]
    assert found.state is state
    assert said in found.detail
    assert s3.owners == {OWNER}


def test_another_answer_is_an_error() -> None:
    with pytest.raises(ClientError):
        buckets.artifacts_there(Answering(head_bucket="SlowDown"), BUCKET, REGION, OWNER)
