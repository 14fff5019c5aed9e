from __future__ import annotations

from typing import Any

import pytest

from guard.recovery import work
from guard.recovery.errors import DamagedError, RecoveryError
from guard.recovery.makers import objects
from tests.guard.recovery.conftest import Place, store

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
    with pytest.raises(RecoveryError, match=r"bucket files: .*NoSuchBucket"):
        work.count(point.store)
    assert work.restore(point, "files") == 9
    assert contents(place, "files") == before
    assert place.client("s3").get_public_access_block(Bucket="files")["PublicAccessBlockConfiguration"][
        "BlockPublicAcls"
    ]
    with pytest.raises(RecoveryError, match=r"bucket files holds 9 versions: restore .* to another name"):
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
    damage(place.client("s3"), *objects.place(point.where))
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
    with pytest.raises(RecoveryError, match="bucket forgetful keeps no versions"):
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
