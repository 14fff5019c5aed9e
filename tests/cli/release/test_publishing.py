"""What is missing is uploaded and pushed, the lock comes last, and whatever breaks leaves nothing half-published."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from apps import registry
from cli.release import building, checking, commands, places, publishing
from cli.release.errors import ReleaseError
from cli.release.places import Bucket, Standing
from cli.release.publishing import bring_all, publish
from core.release_lock import LOCK_NAME, read_lock
from stacks.artifacts import Pinned
from stacks.pinned import pinned
from stacks.releases import load, lock_release
from tests.cli.release.conftest import NEW, TODAY, Registry, serve

OTHER = b"somebody else's"


def items(folder: Path, kind: str) -> list[Pinned]:
    return [each for each in pinned(checking.draft(NEW, folder)) if each.kind == kind]


def function(folder: Path) -> Pinned:
    return next(each for each in items(folder, "functions") if each.name == "query_handler")


def image(folder: Path) -> Pinned:
    return items(folder, "images")[0]


def put(bucket: Bucket, key: str, content: bytes = OTHER) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=content)


def refusal(bucket: Bucket, built: Path, releases: Path) -> str:
    """Publish, which is refused in one line; the lock is as it was."""
    before = (releases / LOCK_NAME).read_bytes()
    with pytest.raises((ReleaseError, registry.RegistryError)) as caught:
        publish(NEW, TODAY, bucket, built, releases)
    assert (releases / LOCK_NAME).read_bytes() == before
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_release_is_brought_to_its_places_and_locked(
    bucket: Bucket, images: Registry, built: Path, written: Path
) -> None:
    done = publish(NEW, TODAY, bucket, built, written)
    assert done.locked
    assert image(written) in done.uploaded
    assert load(NEW, written).version == NEW
    stored = bucket.s3.get_object(Bucket=bucket.name, Key=function(written).place)["Body"].read()
    assert stored == (built / function(written).place).read_bytes()
    assert registry.present(image(written).place)
    found = checking.check(NEW, TODAY, lambda each: places.standings(each, bucket, places.by_files()), written)
    assert [each for each in found if not each.passed] == []

    again = publish(NEW, TODAY, bucket, built, written)
    assert (again.uploaded, again.locked) == ((), False)
    assert again.already_there == len(pinned(load(NEW, written)))
    versions = bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]
    assert len({each["Key"] for each in versions}) == len(versions)


@pytest.mark.long
def test_what_was_lost_is_brought_back(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    publish(NEW, TODAY, bucket, built, written)
    bucket.delete(function(written).place)
    registry.delete(image(written).place, places.tag(image(written)))
    assert not registry.present(image(written).place)
    done = bring_all(bucket, built, written)
    assert {function(written), image(written)} <= set(done.uploaded)
    assert registry.present(image(written).place)


@pytest.mark.long
def test_images_outlast_a_restart_of_the_registry(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    publish(NEW, TODAY, bucket, built, written)
    images.server.stop()
    back = serve(images.folder, port=images.port)
    try:
        assert registry.present(image(written).place)
    finally:
        back.server.stop()


def test_nothing_is_uploaded_where_something_isnt_built(
    bucket: Bucket, images: Registry, built: Path, written: Path, tmp_path: Path
) -> None:
    some = [each for each in building.read(built) if each.kind != "images"]
    building._write_index(some, tmp_path)
    assert f"{image(written).source} isn't built with content {image(written).sha256}" in refusal(
        bucket, tmp_path, written
    )
    assert bucket.keys() == []


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "at the same moment"])
def test_anothers_object_under_a_key_is_never_overwritten(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    key = function(written).place
    if when == "before":
        put(bucket, key)
    else:  # it comes between the look and the upload

        def ready(missing: Any, folder: Path) -> Any:
            put(bucket, key)
            return known(missing, folder)

        known = publishing._ready
        monkeypatch.setattr(publishing, "_ready", ready)
    message = refusal(bucket, built, written)
    assert f"bucket {bucket.name} holds something else under {key}" in message
    assert "nothing was overwritten" in message
    assert bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read() == OTHER


def test_the_same_content_of_another_publisher_is_taken_for_ours(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = function(written)

    def ready(missing: Any, folder: Path) -> Any:
        put(bucket, item.place, (built / item.place).read_bytes())
        return known(missing, folder)

    known = publishing._ready
    monkeypatch.setattr(publishing, "_ready", ready)
    assert publish(NEW, TODAY, bucket, built, written).locked
    assert bucket.standing(item) is Standing.THERE


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(0, marks=pytest.mark.long),
        1,
        pytest.param(5, marks=pytest.mark.long),
        pytest.param(20, marks=pytest.mark.long),
    ],
)
def test_killed_half_way_it_goes_on(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """``after`` so many uploads; 20 is past the last one, before the lock."""
    count = iter(range(100))
    upload, push, lock = Bucket.put, registry.push, lock_release

    def dying(work: Callable[..., Any], at: int) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            if next(count) >= min(at, 99):
                raise KeyboardInterrupt
            return work(*given)

        return call

    with monkeypatch.context() as broken:
        broken.setattr(Bucket, "put", dying(upload, after))
        broken.setattr(registry, "push", dying(push, after))
        broken.setattr("cli.release.publishing.lock_release", dying(lock, 0))
        with pytest.raises(KeyboardInterrupt):
            publish(NEW, TODAY, bucket, built, written)
    assert NEW not in read_lock(written)
    standing = places.standings(pinned(checking.draft(NEW, written)), bucket, places.by_files())
    assert Standing.OTHER not in standing.values()
    done = publish(NEW, TODAY, bucket, built, written)
    assert done.locked
    assert done.already_there == sum(each is not Standing.MISSING for each in standing.values())


def test_two_publishers_at_once_end_as_one(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    outcomes: list[Any] = []
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        try:
            outcomes.append(publish(NEW, TODAY, bucket, built, written))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert sorted(each.locked for each in outcomes) == [False, True]
    versions = bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]
    assert len({each["Key"] for each in versions}) == len(versions)


@pytest.mark.long
def test_two_releases_locked_at_once_both_stay(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    (written / "v1.6.0.yaml").write_text((written / f"{NEW}.yaml").read_text().replace(NEW, "v1.6.0"))
    bring_all(bucket, built, written)
    threads = [
        threading.Thread(target=publish, args=(version, TODAY, bucket, built, written)) for version in (NEW, "v1.6.0")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {NEW, "v1.6.0"} <= set(read_lock(written))


def test_a_registry_that_is_down_is_said(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    images.server.stop()
    message = refusal(bucket, built, written)
    assert f"registry 127.0.0.1:{images.port} doesn't answer" in message
    assert "start it, then run this again" in message
    assert bucket.keys() == []


def test_a_login_that_is_wrong_is_said(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nobody").mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nobody"))
    message = refusal(bucket, built, written)
    assert f"registry 127.0.0.1:{images.port} refuses" in message
    assert f"`docker login 127.0.0.1:{images.port}`" in message


def test_without_crane_it_says_where_to_get_it(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "crane isn't on PATH" in refusal(bucket, built, written)


@pytest.mark.parametrize(
    ("minutes", "which"), [(20, "20 minutes ahead of"), pytest.param(-90, "90 minutes behind", marks=pytest.mark.long)]
)
def test_a_clock_that_is_wrong_is_said_before_anything_is_uploaded(
    bucket: Bucket,
    images: Registry,
    built: Path,
    written: Path,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    which: str,
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(minutes=minutes)

    monkeypatch.setattr(places, "datetime", Clock)
    assert f"this machine's clock is {which} the account's" in refusal(bucket, built, written)
    assert bucket.keys() == []
    assert datetime.now(UTC).date() == TODAY


def test_s3s_own_refusal_of_the_time_is_said(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"Error": {"Code": "RequestTimeTooSkewed", "Message": "too large"}}

    def skewed(**_: Any) -> Any:
        raise ClientError(answer, "HeadBucket")  # type: ignore[arg-type]

    monkeypatch.setattr(bucket.s3, "head_bucket", skewed)
    assert "refuses the time of this machine: set its clock right" in refusal(bucket, built, written)


def test_a_bucket_that_isnt_there_is_said(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    elsewhere = places.bucket("nobody-has-this", "us-east-1")
    assert "there is no bucket nobody-has-this in us-east-1: make it, private and versioned" in refusal(
        elsewhere, built, written
    )


def test_a_date_ahead_is_refused_before_anything_is_uploaded(
    bucket: Bucket, images: Registry, built: Path, written: Path
) -> None:
    path = written / f"{NEW}.yaml"
    path.write_text(path.read_text().replace(str(TODAY), str(TODAY + timedelta(days=9))))
    assert f"{NEW} can't be published: released" in refusal(bucket, built, written)
    assert bucket.keys() == []


def test_an_edited_manifest_is_refused(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    publish(NEW, TODAY, bucket, built, written)
    path = written / f"{NEW}.yaml"
    path.write_text(path.read_text() + "# later\n")
    with pytest.raises(ValueError, match="was edited after it was published"):
        publish(NEW, TODAY, bucket, built, written)


@pytest.mark.long
def test_an_image_may_be_named_by_another_repository_than_it_was_built_for(
    bucket: Bucket, images: Registry, built: Path, written: Path
) -> None:
    path = written / f"{NEW}.yaml"
    path.write_text(path.read_text().replace("ghcr.io/rollback-stack/rag-api", "ghcr.io/rollback-stack/team/rag-api"))
    publish(NEW, TODAY, bucket, built, written)
    assert image(written).place.startswith("ghcr.io/rollback-stack/team/rag-api@")
    assert registry.present(image(written).place)


@pytest.mark.long
def test_a_layer_that_a_registry_lost_is_missed(bucket: Bucket, images: Registry, built: Path, written: Path) -> None:
    publish(NEW, TODAY, bucket, built, written)
    blobs = images.folder / "registry" / "blobs" / "sha256"
    largest = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
    largest.unlink()
    assert not registry.present(image(written).place)
    with pytest.raises(ReleaseError, match="a registry lost a layer of a manifest that it still has"):
        bring_all(bucket, built, written)
    registry.delete(image(written).place, places.tag(image(written)))
    bring_all(bucket, built, written)
    assert registry.present(image(written).place)


def test_a_file_that_was_cut_off_after_it_was_built_is_never_uploaded(
    bucket: Bucket, written: Path, tmp_path: Path
) -> None:
    item, path = function(written), tmp_path / "query_handler.zip"
    path.write_bytes(b"")
    with pytest.raises(
        ReleaseError, match=r"query_handler\.zip has the SHA-256 e3b0c442.*the file was cut off or changed"
    ):
        bucket.put(item, path)
    assert bucket.standing(item) is Standing.MISSING


def test_a_manifest_that_is_edited_while_its_artifacts_are_uploaded_isnt_locked(
    bucket: Bucket, images: Registry, built: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, bring = written / f"{NEW}.yaml", publishing.bring

    def slow(*given: Any) -> Any:
        done = bring(*given)
        manifest.write_text(manifest.read_text() + "\n# edited\n")
        return done

    monkeypatch.setattr(publishing, "bring", slow)
    with pytest.raises(ReleaseError, match=f"the manifest of {NEW} was edited while its artifacts were uploaded"):
        publish(NEW, TODAY, bucket, built, written)
    assert NEW not in read_lock(written)


def test_a_bucket_of_another_account_is_neither_written_nor_read(account: str, bucket: Bucket, written: Path) -> None:
    asked: list[dict[str, Any]] = []
    bucket.s3.meta.events.register("before-call.s3.HeadObject", lambda params, **_: asked.append(params["headers"]))
    bucket.standing(function(written))
    assert asked[0]["x-amz-expected-bucket-owner"]


def typed(bucket: Bucket, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    """`rollback release publish` of the release in a folder: which were published, and what refuses it."""
    draft, done = checking.draft, list[str]()
    monkeypatch.setattr(commands, "versions", lambda: [NEW])
    monkeypatch.setattr(commands, "announce", lambda *_, **__: None)
    monkeypatch.setattr(checking, "draft", lambda version: draft(version, folder))
    monkeypatch.setattr(places, "bucket", lambda *_: bucket)

    def record(version: str, *_: Any) -> publishing.Published:
        done.append(version)
        return publishing.Published((), 0, True)

    monkeypatch.setattr(publishing, "publish", record)
    try:
        commands.publish(NEW, "prod")
    except ReleaseError as error:
        return done, str(error)
    return done, ""


def test_a_release_that_could_not_run_on_lambda_is_not_published(
    bucket: Bucket, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, said = typed(bucket, written, monkeypatch)
    assert done == []
    assert said.startswith(f"{NEW} couldn't run on Lambda: ")
    assert "receipt_chroma: no chromadb in the zip" in said
    assert "nothing was uploaded" in said
    assert "\n" not in said


def test_one_that_could_is(bucket: Bucket, whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed(bucket, whole, monkeypatch) == ([NEW], "")
