import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps import archives, tree
from apps.errors import ArtifactError

names = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.py", fullmatch=True)
trees = st.dictionaries(names, st.binary(max_size=200), min_size=1, max_size=8)


@given(trees)
def test_the_order_of_files_changes_nothing(files: dict[str, bytes]) -> None:
    turned = dict(reversed(files.items()))
    assert archives.zip_bytes(turned) == archives.zip_bytes(files)
    assert archives.tar_bytes(turned) == archives.tar_bytes(files)


@given(trees)
def test_archives_give_back_what_went_in(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(archives.zip_bytes(files))) as package:
        assert {name: package.read(name) for name in package.namelist()} == files
        assert {entry.external_attr >> 16 for entry in package.infolist()} == {0o644}
    with tarfile.open(fileobj=io.BytesIO(archives.tar_bytes(files))) as image:
        members = image.getmembers()
        assert {member.name: image.extractfile(member).read() for member in members} == files  # type: ignore[union-attr]
        assert {(member.mode, member.mtime, member.uid, member.uname) for member in members} == {(0o644, 0, 0, "")}


@given(trees, st.data())
def test_any_other_content_gives_another_hash(files: dict[str, bytes], data: st.DataObject) -> None:
    changed = data.draw(st.sampled_from(sorted(files)))
    other = {**files, changed: files[changed] + b"."}
    assert archives.sha256(archives.zip_bytes(other)) != archives.sha256(archives.zip_bytes(files))
    assert archives.sha256(archives.tar_bytes(other)) != archives.sha256(archives.tar_bytes(files))


def test_times_modes_and_creation_order_on_disk_change_nothing(tmp_path: Path) -> None:
    contents = {"handler.py": b"h", "pack/one.py": b"1", "pack/two.py": b"2"}
    first = archives.write_tree(contents, tmp_path / "first")
    second = archives.write_tree(dict(reversed(contents.items())), tmp_path / "second")
    for age, path in enumerate(sorted(second.rglob("*.py"))):
        path.chmod(0o755)
        os.utime(path, (age * 1_000_000, age * 1_000_000))

    assert archives.zip_bytes(tree.read(second)) == archives.zip_bytes(tree.read(first))


def test_an_empty_artifact_is_refused() -> None:
    with pytest.raises(ArtifactError, match="at least one file"):
        archives.zip_bytes({})
