from __future__ import annotations

import threading
from datetime import timedelta

import boto3
import pytest

from guard.recovery.catalogue import Catalogue
from guard.recovery.errors import RecoveryError
from guard.recovery.points import new_id
from tests.guard.recovery.conftest import environment, store
from tests.guard.recovery.examples import HOW, NOW, example
from tests.sandbox.account.conftest import REGION

UNVERIFIED = {"verified_at": None, "verified_how": None}


@pytest.fixture
def catalogue(emulated: None) -> Catalogue:
    made = Catalogue("recovery", REGION)
    made.ensure()
    return made


def test_the_bucket_is_private_versioned_and_encrypted(catalogue: Catalogue) -> None:
    catalogue.ensure()
    s3 = boto3.client("s3", region_name=REGION)
    assert s3.get_bucket_versioning(Bucket="recovery")["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket="recovery")["PublicAccessBlockConfiguration"].values())
    rules = s3.get_bucket_encryption(Bucket="recovery")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_bucket_that_was_made_and_not_set_up_is_set_up(emulated: None) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="half-made")
    Catalogue("half-made", REGION).ensure()
    assert s3.get_bucket_versioning(Bucket="half-made")["Status"] == "Enabled"


def test_a_bucket_elsewhere_is_made_there(emulated: None) -> None:
    Catalogue("recovery-eu", "eu-west-1").ensure()
    s3 = boto3.client("s3", region_name="eu-west-1")
    assert s3.get_bucket_location(Bucket="recovery-eu")["LocationConstraint"] == "eu-west-1"


def test_records_come_newest_first_and_stores_stay_apart(catalogue: Catalogue) -> None:
    jobs, group, deeper = store("table", "jobs"), store("logs", "/aws/lambda/f"), store("logs", "/aws/lambda/f/deep")
    ids = {}
    for step, each in enumerate((jobs, group, jobs, deeper, store("table", "jobs", "dev"))):
        at = NOW + timedelta(minutes=step)
        point = example(each, id=new_id(at), made_at=at, verified_at=at)
        catalogue.add(point)
        ids[step] = point.id
    assert [point.id for point in catalogue.all("prod")] == [ids[3], ids[2], ids[1], ids[0]]
    assert len(catalogue.all()) == 5
    assert [point.id for point in catalogue.of(jobs)] == [ids[2], ids[0]]
    assert [point.id for point in catalogue.of(group)] == [ids[1]]
    assert [point.id for point in catalogue.of(deeper)] == [ids[3]]
    assert list(catalogue.of(store("queue", "jobs"))) == []


def test_a_record_is_never_overwritten(catalogue: Catalogue) -> None:
    catalogue.add(example())
    with pytest.raises(RecoveryError, match="is recorded already"):
        catalogue.add(example(items=0))
    assert [point.items for point in catalogue.all()] == [7]


def test_only_a_verification_changes_a_record(catalogue: Catalogue) -> None:
    of = example().store
    old = example(id=new_id(NOW - timedelta(minutes=20)))
    new = example(id=new_id(NOW), **UNVERIFIED)
    catalogue.add(old)
    catalogue.add(new)
    assert catalogue.evidence(of) == old
    noted = catalogue.verified(new.model_copy(update={"items": 99}), HOW)
    assert (noted.items, noted.verified_how) == (7, HOW), "the record counts, not what the caller holds"
    assert catalogue.evidence(of) == noted
    damaged = catalogue.damaged(noted, "7 items recorded, 3 found")
    assert (damaged.verified_at, damaged.fault) == (None, "7 items recorded, 3 found")
    assert catalogue.evidence(of) == old
    assert catalogue.verified(damaged, HOW).fault is None


def test_without_a_verified_record_the_newest_is_the_evidence(catalogue: Catalogue) -> None:
    of = example().store
    assert catalogue.evidence(of) is None
    for step in range(2):
        at = NOW + timedelta(minutes=step)
        catalogue.add(example(id=new_id(at), **UNVERIFIED))
    evidence = catalogue.evidence(of)
    assert evidence is not None
    assert evidence.id == max(point.id for point in catalogue.all())
    assert evidence.verified_at is None


def test_verifications_at_the_same_time_are_both_kept(catalogue: Catalogue) -> None:
    catalogue.add(example(**UNVERIFIED))
    point = example()
    threads = [threading.Thread(target=catalogue.verified, args=(point, f"by {name}")) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    s3 = boto3.client("s3", region_name=REGION)
    assert len(s3.list_object_versions(Bucket="recovery")["Versions"]) == 3, "each was written onto what it had read"


def test_a_bucket_that_is_not_there_yet_has_no_records_and_takes_none(emulated: None) -> None:
    absent = Catalogue("not-there", REGION)
    assert absent.all() == []
    assert absent.evidence(example().store) is None
    with pytest.raises(RecoveryError) as error:
        absent.add(example())
    assert len(str(error.value).splitlines()) == 1
    assert "NoSuchBucket" in str(error.value)


def test_a_catalogue_that_cannot_be_read_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("guard.recovery.clients.ATTEMPTS", 1)
    catalogue = Catalogue("recovery", REGION)
    for failing in (catalogue.all, catalogue.ensure, lambda: catalogue.evidence(example().store)):
        with pytest.raises(RecoveryError, match="Could not connect") as error:
            failing()
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("body", [b"{}", b"not json", example(items=3).model_dump_json(by_alias=True).encode()])
def test_a_damaged_or_misplaced_record_is_an_error(catalogue: Catalogue, body: bytes) -> None:
    boto3.client("s3", region_name=REGION).put_object(
        Bucket="recovery", Key="recovery-points/prod/table/other/20260120t023000000z-0123abcd.json", Body=body
    )
    with pytest.raises(RecoveryError, match=r"record s3://recovery/recovery-points/prod/table/other") as error:
        catalogue.all()
    assert len(str(error.value).splitlines()) == 1
