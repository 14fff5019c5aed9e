from __future__ import annotations

import hashlib
import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest

from core.aws import client
from core.errors import DamagedError, ServiceError
from guard.recovery import catalogue as catalogues
from guard.recovery import safety
from guard.recovery.catalogue import Catalogue
from guard.recovery.points import new_id
from tests.guard.recovery.conftest import environment, of_others, store
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


UNSAFE = {
    "public": ("delete_public_access_block", {}, "can be made public", "put-public-access-block"),
    "plain": ("delete_bucket_encryption", {}, "isn't encrypted", "put-bucket-encryption"),
    "forgetful": (
        "put_bucket_versioning",
        {"VersioningConfiguration": {"Status": "Suspended"}},
        "keeps no versions",
        "put-bucket-versioning --bucket forgetful --versioning-configuration Status=Enabled",
    ),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_a_bucket_that_no_copy_should_be_trusted_to_is_refused_with_the_command_that_mends_it(
    emulated: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(catalogues, "SETTLE_SECONDS", 0)
    call, more, what, command = UNSAFE[name]
    made = Catalogue(name, REGION)
    made.ensure()
    getattr(boto3.client("s3", region_name=REGION), call)(Bucket=name, **more)
    for look in (made.ensure, made.check):
        with pytest.raises(ServiceError, match=rf"recovery bucket {name} {what}") as error:
            look()
        assert command in str(error.value)
        assert len(str(error.value).splitlines()) == 1


def test_a_bucket_of_another_account_is_refused(emulated: None, owners: str) -> None:
    of_others(owners).create_bucket(Bucket="recovery")
    theirs = Catalogue("recovery", REGION)
    for look in (theirs.ensure, theirs.check):
        with pytest.raises(ServiceError, match="recovery bucket recovery belongs to another account"):
            look()
    with pytest.raises(ServiceError, match="record of"):
        theirs.add(example())
    assert "Contents" not in of_others(owners).list_objects_v2(Bucket="recovery")


def test_a_bucket_that_another_command_is_setting_up_is_waited_for(
    emulated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="half-made")
    monkeypatch.setattr(time, "sleep", lambda _: safety.set_up(s3, "half-made"))
    Catalogue("half-made", REGION).ensure()


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
    with pytest.raises(ServiceError, match="is recorded already"):
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


def test_a_record_from_the_future_hides_no_later_one(catalogue: Catalogue) -> None:
    """It was made by a machine whose clock was wrong; it is the evidence, and refused, where there is no other."""
    of, ahead = example().store, NOW + timedelta(days=400)
    catalogue.add(example(id=new_id(ahead), made_at=ahead, verified_at=ahead))
    found = catalogue.evidence(of, NOW)
    assert found is not None
    assert found.made_at == ahead
    catalogue.add(example())
    assert catalogue.evidence(of, NOW) == example()
    assert catalogue.evidence(of, ahead) == found


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, None), (4, None), (-4, None), (7, "7 min behind the account's"), (-90, "90 min ahead of")]
)
def test_a_machine_whose_clock_is_wrong_judges_nothing(minutes: int, said: str | None) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    with nullcontext() if said is None else pytest.raises(ServiceError, match=said):
        safety.refuse_wrong_clock(answer)


@pytest.mark.parametrize("answer", [{}, {"ResponseMetadata": {"HTTPHeaders": {"date": "yesterday"}}}])
def test_a_server_that_does_not_say_when_it_answers_is_believed(answer: dict[str, Any]) -> None:
    safety.refuse_wrong_clock(answer)


def test_the_clock_is_looked_at_when_a_copy_is_made_and_when_it_is_relied_on(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(_: object) -> None:
        raise ServiceError("a wrong clock")

    monkeypatch.setattr(safety, "refuse_wrong_clock", wrong)
    for look in (catalogue.ensure, catalogue.check):
        with pytest.raises(ServiceError, match="a wrong clock"):
            look()


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
    with pytest.raises(ServiceError) as error:
        absent.add(example())
    assert len(str(error.value).splitlines()) == 1
    assert "NoSuchBucket" in str(error.value)


def test_a_catalogue_that_cannot_be_read_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("core.aws.ATTEMPTS", 1)
    catalogue = Catalogue("recovery", REGION)
    for failing in (catalogue.all, catalogue.ensure, lambda: catalogue.evidence(example().store)):
        with pytest.raises(ServiceError, match="Could not connect") as error:
            failing()
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("body", [b"{}", b"not json", example(items=3).model_dump_json(by_alias=True).encode()])
def test_a_damaged_or_misplaced_record_is_an_error_of_its_own_store_alone(catalogue: Catalogue, body: bytes) -> None:
    catalogue.add(example())
    key = "recovery-points/prod/table/other/20260120t023000000z-0123abcd.json"
    boto3.client("s3", region_name=REGION).put_object(Bucket="recovery", Key=key, Body=body)
    points, (spoilt,) = catalogue.records("prod")
    assert points == [example()]
    assert catalogue.evidence(example().store) == example()
    assert (spoilt.id, spoilt.is_of(store("table", "other")), spoilt.is_of(example().store)) == (
        "20260120t023000000z-0123abcd",
        True,
        False,
    )
    for failing in (catalogue.all, lambda: catalogue.evidence(store("table", "other"))):
        with pytest.raises(ServiceError, match=f"record s3://recovery/{key}") as error:
            failing()
        assert len(str(error.value).splitlines()) == 1


def test_a_spoilt_record_of_a_store_whose_name_goes_on_is_no_matter(catalogue: Catalogue) -> None:
    group = store("logs", "/aws/lambda/f")
    catalogue.add(example(group))
    key = "recovery-points/prod/logs/aws/lambda/f/deep/20260120t023000000z-0123abcd.json"
    boto3.client("s3", region_name=REGION).put_object(Bucket="recovery", Key=key, Body=b"{}")
    assert catalogue.evidence(group) == example(group)


def test_a_record_that_was_changed_by_hand_is_damaged(catalogue: Catalogue) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    catalogue.add(example(**UNVERIFIED))
    point = catalogue.verified(example(), HOW)
    catalogue.confirm(point)
    key = "recovery-points/prod/table/jobs-prod/20260120t023000000z-0123abcd.json"
    edited = point.model_copy(update={"items": 9})
    text = edited.model_dump_json(by_alias=True).encode()
    s3.put_object(Bucket="recovery", Key=key, Body=text)
    with pytest.raises(DamagedError, match="was written by hand"):
        catalogue.confirm(edited)
    s3.put_object(Bucket="recovery", Key=key, Body=text, Metadata={"sha256": hashlib.sha256(text).hexdigest()})
    with pytest.raises(DamagedError, match="isn't what was recorded"):
        catalogue.confirm(edited)
    with pytest.raises(ServiceError, match="is another one by now"):
        catalogue.confirm(point)
    s3.delete_object(Bucket="recovery", Key=key)
    with pytest.raises(DamagedError, match="NoSuchKey"):
        catalogue.confirm(point)


def test_every_request_says_who_has_to_own_the_bucket(catalogue: Catalogue) -> None:
    without = []

    def look(params: dict[str, Any], model: Any, **_: Any) -> None:
        if (
            "ExpectedBucketOwner" in model.input_shape.members
            and "x-amz-expected-bucket-owner" not in params["headers"]
        ):
            without.append(model.name)

    events = client("s3", REGION).meta.events
    events.register("before-call.s3", look)
    try:
        catalogue.ensure()
        catalogue.add(example(**UNVERIFIED))
        catalogue.verified(example(), HOW)
        catalogue.records()
    finally:
        events.unregister("before-call.s3", look)
    assert without == []


@pytest.mark.parametrize(
    ("days", "prefix", "refused"),
    [(3, "", True), (3, "buckets/", True), (3, "elsewhere/", False), (400, "", False)],
)
def test_a_lifecycle_that_deletes_copies_too_soon_is_refused(
    catalogue: Catalogue, days: int, prefix: str, refused: bool
) -> None:
    s3 = client("s3", REGION)
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": days}}
    s3.put_bucket_lifecycle_configuration(Bucket="recovery", LifecycleConfiguration={"Rules": [rule]})
    with (
        pytest.raises(ServiceError, match="expires on 2026-01-23 by lifecycle rule 'tidy'")
        if refused
        else nullcontext()
    ):
        safety.refuse_expiring(s3, "recovery", "buckets/files/x/", NOW, NOW)
