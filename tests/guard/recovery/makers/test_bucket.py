from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from core.errors import DamagedError, ServiceError
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.makers import json_lines
from tests.guard.recovery.conftest import Place, of_others, store
from tests.sandbox.account.conftest import REGION, wait_for

LATEST = {"a/1", "b", "late"}


def fill(place: Place, name: str) -> None:
    """Three keys with several versions; one of them deleted and written again, one deleted."""
    s3 = place.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket=name, Key="a/1", Body=f"a{number}", ContentType="text/csv", Metadata={"from": "test"})
    s3.put_object(Bucket=name, Key="b", Body=b"b0")
    s3.put_object(Bucket=name, Key="gone", Body=b"once")
    s3.delete_object(Bucket=name, Key="gone")
    s3.put_object(Bucket=name, Key="late", Body=b"early")
    s3.delete_object(Bucket=name, Key="late")
    s3.put_object(Bucket=name, Key="late", Body=b"late")


def empty(place: Place, name: str) -> None:
    s3 = place.client("s3")
    found = s3.list_object_versions(Bucket=name)
    for each in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]:
        s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=name)


def contents(place: Place, name: str) -> list[Any]:
    """Every version in order, with what it holds."""
    s3 = place.client("s3")
    found = s3.list_object_versions(Bucket=name)
    told = []
    for each in found["Versions"]:
        got = s3.get_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
        told.append((each["Key"], got["Body"].read(), each["IsLatest"], got["ContentType"], got["Metadata"]))
    return [*told, *((each["Key"], each["IsLatest"]) for each in found["DeleteMarkers"])]


def test_a_bucket_is_copied_read_back_lost_and_restored(place: Place) -> None:
    fill(place, "files")
    before = contents(place, "files")
    point = place.make("bucket", "files")
    assert work.count(point.store) == point.items == 9
    assert work.measure(point.store) == point.content
    empty(place, "files")
    with pytest.raises(ServiceError, match=r"bucket files: .*NoSuchBucket"):
        work.count(point.store)
    assert work.restore(point, "files") == 9
    assert contents(place, "files") == before
    assert place.client("s3").get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"][
        "BlockPublicAcls"
    ]
    with pytest.raises(ServiceError, match=r"bucket files holds 9 versions: restore .* to another name"):
        work.restore(point, "files")


def damage_object(s3: Any, bucket: str, folder: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"{folder}0000000002", Body=b"a9")


def drop_object(s3: Any, bucket: str, folder: str) -> None:
    s3.delete_object(Bucket=bucket, Key=f"{folder}0000000004")


def shorten_manifest(s3: Any, bucket: str, folder: str) -> None:
    text = s3.get_object(Bucket=bucket, Key=f"{folder}manifest.ndjson")["Body"].read()
    s3.put_object(Bucket=bucket, Key=f"{folder}manifest.ndjson", Body=b"".join(text.splitlines(keepends=True)[:-1]))


def spoil_manifest(s3: Any, bucket: str, folder: str) -> None:
    s3.put_object(Bucket=bucket, Key=f"{folder}manifest.ndjson", Body=b"\x00 not lines")


@pytest.mark.parametrize("damage", [damage_object, drop_object, shorten_manifest, spoil_manifest])
def test_a_damaged_copy_is_found(place: Place, damage: Any) -> None:
    name = damage.__name__.replace("_", "-")
    fill(place, name)
    point = place.make("bucket", name)
    damage(place.client("s3"), *json_lines.place(point.where))
    with pytest.raises(DamagedError) as error:
        work.verify(point, place.catalogue)
    assert len(str(error.value).splitlines()) == 1
    assert place.recorded(point).fault == str(error.value)


def test_an_empty_bucket_and_one_without_versions(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="plain")
    assert place.make("bucket", "plain").items == 0
    s3.put_object(Bucket="plain", Key="x", Body=b"1")
    point = place.make("bucket", "plain")
    assert point.items == 1
    assert work.restore(point, "plain-copy") == 1
    s3.create_bucket(Bucket="forgetful")
    with pytest.raises(ServiceError, match="bucket forgetful keeps no versions"):
        work.restore(point, "forgetful")


def test_more_keys_than_one_page(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="many")
    for number in range(30):
        s3.put_object(Bucket="many", Key=f"{number:03}", Body=str(number))
    seen: list[int] = []
    point = work.make(
        store("bucket", "many"), place.catalogue, "a tester", progress=lambda _, done, __: seen.append(done)
    )
    assert point.items == 30
    assert seen == [*range(1, 31), 30]


def wait_for_the_next_second() -> None:
    until = int(time.time()) + 1
    wait_for(lambda: time.time() >= until)


def test_writing_and_deleting_in_turns_is_restored_as_it_was(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="turns")
    s3.put_bucket_versioning(Bucket="turns", VersioningConfiguration={"Status": "Enabled"})
    for key, slow in (("quick", False), ("slow", True)):
        for number in range(3):
            s3.put_object(Bucket="turns", Key=key, Body=str(number))
            if number < 2:
                s3.delete_object(Bucket="turns", Key=key)
            if slow:
                wait_for_the_next_second()
    s3.delete_object(Bucket="turns", Key="slow")
    point = place.make("bucket", "turns")
    assert work.restore(point, "turns-restored") == 11
    assert s3.get_object(Bucket="turns-restored", Key="quick")["Body"].read() == b"2"
    found = s3.list_object_versions(Bucket="turns-restored")
    assert [each["Key"] for each in found["DeleteMarkers"] if each["IsLatest"]] == ["slow"]


def test_headers_tags_and_storage_class_come_back_and_what_does_not_is_said(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="dressed", ObjectLockEnabledForBucket=True)
    given = {
        "ContentType": "text/csv",
        "CacheControl": "no-store",
        "ContentDisposition": "attachment",
        "Metadata": {"from": "test"},
        "StorageClass": "STANDARD_IA",
    }
    s3.put_object(Bucket="dressed", Key="a", Body=b"1", Tagging="owner=ada&why=a%20test", **given)
    s3.put_object(Bucket="dressed", Key="b", Body=b"1", ObjectLockLegalHoldStatus="ON")
    keep = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=1)}
    s3.put_object(Bucket="dressed", Key="c", Body=b"1", **keep)
    point = place.make("bucket", "dressed")
    assert point.note == (
        "not restored: retention of 1 versions, legal hold of 1 versions, object lock of the bucket, ACLs, "
        "the bucket policy and other settings of the bucket"
    )
    work.restore(point, "dressed-restored")
    found = s3.get_object(Bucket="dressed-restored", Key="a")
    assert {name: found[name] for name in given} == given
    tags = s3.get_object_tagging(Bucket="dressed-restored", Key="a")["TagSet"]
    assert {each["Key"]: each["Value"] for each in tags} == {"owner": "ada", "why": "a test"}
    s3.delete_object_tagging(Bucket="dressed-restored", Key="a")
    restored = point.store.model_copy(update={"name": "dressed-restored"})
    assert point.content.difference(work.measure(restored)) == "the content of some items differs"


def test_a_bucket_of_another_account_is_not_restored_into(emulated: None, owners: str) -> None:
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="mine")
    catalogue = Catalogue("recovery", REGION)
    point = work.make(store("bucket", "mine"), catalogue, "a tester")
    of_others(owners).create_bucket(Bucket="theirs")
    with pytest.raises(ServiceError, match="bucket theirs is another account's"):
        work.restore(point, "theirs")
    with pytest.raises(ServiceError, match=r"bucket theirs: .*(AccessDenied|Access Denied)"):
        work.measure(store("bucket", "theirs"))
