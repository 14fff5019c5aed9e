"""Large contents of the account: once, in files of their own, there before the state names them and gone afterwards."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import pickle
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.account import state
from sandbox.account.contents import FOLDER, LARGE, Contents, DamagedError, Kept, Writing
from sandbox.account.pickling import Pickler, Unpickler
from tests.sandbox.account.conftest import Account

SIZE = 2_000_000
HANDLER = "def handler(event, context): return 'there'\n"


def saved(folder: Path, known: Contents, *items: Any) -> bytes:
    """What a state of these items is; the files are written beside it."""
    buffer, writing = io.BytesIO(), Writing(known)
    Pickler(buffer, writing.name).dump(items)
    known.write(writing)
    known.settle(writing)
    return buffer.getvalue()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FOLDER).glob("*"))


@pytest.mark.parametrize("large", [b"x" * LARGE, "ü" * LARGE, b"\x00\xff" * LARGE])
def test_a_large_content_is_written_once_and_read_as_it_was(tmp_path: Path, large: bytes | str) -> None:
    again = pickle.loads(pickle.dumps(large))  # another object of the same content
    body = saved(tmp_path, Contents(tmp_path), large, again, b"small")
    assert len(body) < 1_000
    assert len(files(tmp_path)) == 1
    known = Contents(tmp_path)
    one, other, small = Unpickler(io.BytesIO(body), known.read).load()
    assert (one, small) == (large, b"small")
    assert one is other, "and it is in memory once"


def test_a_content_that_is_known_is_neither_read_nor_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, large = Contents(tmp_path), os.urandom(LARGE)
    saved(tmp_path, known, large)
    (path,) = (tmp_path / FOLDER).glob("*")
    before = path.stat().st_mtime_ns
    monkeypatch.setattr("hashlib.sha256", lambda _: pytest.fail("it is read again"))
    saved(tmp_path, known, large, Kept(path.name))
    assert path.stat().st_mtime_ns == before


def test_what_neither_the_newest_state_nor_the_one_before_names_goes(tmp_path: Path) -> None:
    known, first, second = Contents(tmp_path), b"1" * LARGE, b"2" * LARGE
    saved(tmp_path, known, first)
    saved(tmp_path, known, second)
    assert len(files(tmp_path)) == 2, "the state before may be needed"
    saved(tmp_path, known, second)
    assert len(files(tmp_path)) == 1


def test_a_folder_whose_state_nobody_has_read_loses_nothing(tmp_path: Path) -> None:
    saved(tmp_path, Contents(tmp_path), b"1" * LARGE)
    saved(tmp_path, Contents(tmp_path), b"2" * LARGE)
    assert len(files(tmp_path)) == 2


def test_after_a_state_was_read_it_counts_as_the_one_before(tmp_path: Path) -> None:
    body = saved(tmp_path, Contents(tmp_path), b"1" * LARGE)
    (tmp_path / FOLDER / ("f" * 64)).write_bytes(b"of a save that was killed")
    (tmp_path / FOLDER / ".abc.new").write_bytes(b"half")
    known = Contents(tmp_path)
    Unpickler(io.BytesIO(body), known.read).load()
    known.loaded()
    saved(tmp_path, known, b"2" * LARGE)
    assert len(files(tmp_path)) == 2, "both states' own, and nothing that a killed save left"


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"half")])
def test_a_content_that_is_damaged_is_told(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    body = saved(tmp_path, Contents(tmp_path), b"1" * LARGE)
    (path,) = (tmp_path / FOLDER).glob("*")
    damage(path)
    with pytest.raises(DamagedError, match=path.name):
        Unpickler(io.BytesIO(body), Contents(tmp_path).read).load()


def package(filling: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", HANDLER)
        archive.writestr("dependencies", filling)
    return buffer.getvalue()


def release(own: Account, name: str) -> bytes:
    """A function from an object of a bucket, published twice; its zip."""
    content = package(os.urandom(SIZE))
    own.client("s3").put_object(Bucket="artifacts", Key=name, Body=content)
    own.function(name, "", Code={"S3Bucket": "artifacts", "S3Key": name}, Publish=True)
    own.client("lambda").update_function_configuration(FunctionName=name, Description="second")
    own.client("lambda").publish_version(FunctionName=name)
    return content


def is_whole(own: Account, name: str, content: bytes) -> bool:
    result, _ = own.invoke(name, Qualifier="1")
    return bool(
        result == "there" and own.client("s3").get_object(Bucket="artifacts", Key=name)["Body"].read() == content
    )


def test_a_zip_is_saved_once_however_many_things_hold_it_and_survives_kill_9(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.client("s3").create_bucket(Bucket="artifacts")
    content = release(own, "worker")
    time.sleep(2.0)
    own.kill()
    assert (own.state_dir / state.FILE).stat().st_size < SIZE / 10
    assert sum(path.stat().st_size for path in (own.state_dir / FOLDER).glob("*")) == len(content)
    own.start()
    assert is_whole(own, "worker", content)


@pytest.mark.long
@pytest.mark.parametrize("after", [0.05, 0.2, 0.3, 0.35, 0.4, 0.5])
def test_a_kill_in_the_middle_of_a_save_leaves_the_state_before_whole(
    own_account: Callable[..., Any], after: float
) -> None:
    own = own_account("killed", 60.0)
    own.client("s3").create_bucket(Bucket="artifacts")
    first = release(own, "first")
    time.sleep(2.0)
    own.client("s3").put_object(Bucket="artifacts", Key="second", Body=os.urandom(40 * SIZE))
    time.sleep(after)
    own.kill()
    own.start()
    assert is_whole(own, "first", first)
    assert own.log() == ""


@pytest.mark.long
def test_a_damaged_content_falls_back_to_the_state_before(own_account: Callable[..., Any]) -> None:
    own = own_account("content", 60.0)
    own.client("s3").create_bucket(Bucket="artifacts")
    first = release(own, "first")
    time.sleep(2.0)
    assert own.stop() == 0
    known, early = set(files(own.state_dir)), (own.state_dir / state.FILE).read_bytes()
    own.start()
    release(own, "second")
    time.sleep(2.0)
    own.kill()
    (fresh,) = set(files(own.state_dir)) - known
    (own.state_dir / FOLDER / fresh).write_bytes(b"half")
    (own.state_dir / state.PREVIOUS).write_bytes(early)
    own.start()
    assert is_whole(own, "first", first)
    assert "damaged" in own.log()


def _of_before(folder: Path, body: bytes) -> None:
    """Write a state as it was before contents had files of their own: whole."""
    from moto.s3.models import s3_backends

    backend = s3_backends[Account.id]["aws"]
    backend.create_bucket("artifacts", "us-east-1")
    backend.put_object("artifacts", "zip", body)
    buffer = io.BytesIO()
    Pickler(buffer).dump(
        {"backends": {("s3", "moto.s3.models", "S3Backend"): {Account.id: {"aws": backend}}}, "extras": {}}
    )
    head = f"{state._stamp()} sha256 {hashlib.sha256(buffer.getvalue()).hexdigest()}\n".encode()
    folder.mkdir(parents=True)
    (folder / state.FILE).write_bytes(head + buffer.getvalue())


def test_a_state_of_before_is_loaded_and_saved_small(tmp_path: Path) -> None:
    folder, body = tmp_path / "account", os.urandom(SIZE)
    with multiprocessing.get_context("spawn").Pool(1) as apart:
        apart.apply(_of_before, (folder, body))
    assert (folder / state.FILE).stat().st_size > SIZE
    own = Account(folder, 60.0).start()
    try:
        assert own.client("s3").get_object(Bucket="artifacts", Key="zip")["Body"].read() == body
        assert own.stop() == 0
        assert (folder / state.FILE).stat().st_size < SIZE / 10
        own.start()
        assert own.client("s3").get_object(Bucket="artifacts", Key="zip")["Body"].read() == body
    finally:
        own.stop()
