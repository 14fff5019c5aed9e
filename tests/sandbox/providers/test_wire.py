"""Values cross Pulumi's wire unharmed, and archives are the same bytes for the same content."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers import wire

PLAIN = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=5))
def test_plain_values_survive_the_round_trip(value: dict[str, Any]) -> None:
    assert wire.decode(wire.encode(value)) == value


def test_whole_floats_become_ints() -> None:
    decoded = wire.decode(wire.encode({"replicas": 3.0, "weight": 0.5, "list": [1.0]}))
    assert decoded == {"replicas": 3, "weight": 0.5, "list": [1]}
    assert [type(decoded["replicas"]), type(decoded["weight"]), type(decoded["list"][0])] == [int, float, int]


def test_secrets_outputs_and_references_are_unwrapped() -> None:
    wrapped = {
        "password": wire.secret({"value": "s3cret"}),
        "output": {wire.SIGNATURE: wire.OUTPUT, "value": wire.secret("inner"), "secret": True},
        "later": {wire.SIGNATURE: wire.OUTPUT},
        "bucket": {wire.SIGNATURE: wire.RESOURCE, "urn": "urn:pulumi:a::b::c::d", "id": "bucket-1"},
        "component": {wire.SIGNATURE: wire.RESOURCE, "urn": "urn:pulumi:a::b::c::d", "id": ""},
    }
    assert wire.decode(wire.encode(wrapped)) == {
        "password": {"value": "s3cret"},
        "output": "inner",
        "later": wire.UNKNOWN,
        "bucket": "bucket-1",
        "component": "urn:pulumi:a::b::c::d",
    }


def test_nulls_in_objects_are_left_out_and_stay_in_lists() -> None:
    assert wire.decode(wire.encode({"gone": None, "list": [None, 1]})) == {"list": [None, 1]}


def test_unknown_values_are_found_at_any_depth() -> None:
    assert wire.has_unknown({"a": [{"b": wire.UNKNOWN}]})
    assert not wire.has_unknown({"a": [{"b": "known"}]})
    typed = wire.decode(wire.encode({"count": "3eeb2bf0-c639-47a8-9e75-3b44932eb421"}))
    assert typed == {"count": wire.UNKNOWN}


def test_a_value_without_json_form_names_its_place() -> None:
    with pytest.raises(wire.WireError, match=r"spec\.items\[1\] holds a bytes"):
        wire.encode({"spec": {"items": [1, b"x"]}})


def archive(**fields: Any) -> dict[str, Any]:
    return {wire.SIGNATURE: wire.ARCHIVE, **fields}


def test_assets_compare_by_hash() -> None:
    one, other = archive(hash="abc", path="/one"), archive(hash="abc", path="/other")
    assert wire.is_asset(one)
    assert not wire.is_asset({"hash": "abc"})
    assert wire.normalise_assets({"code": [one]}) == wire.normalise_assets({"code": [other]})
    assert wire.normalise_assets(archive(path="/one")) == archive(path="/one")


def test_archives_of_equal_content_are_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, ["b.py", "sub/a.py"]), (second, ["sub/a.py", "b.py"])):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"# {name}\n")
    os.utime(second / "b.py", (1, 1))
    made = wire.archive_bytes(archive(path=str(first)))
    assert made == wire.archive_bytes(archive(path=str(second)))
    assert wire.archive_hash(archive(path=str(first))) == wire.archive_hash(archive(path=str(second)))
    with zipfile.ZipFile(io.BytesIO(made)) as read:
        assert read.namelist() == ["b.py", "sub/a.py"]
        assert read.getinfo("b.py").date_time == (1980, 1, 1, 0, 0, 0)
        assert read.getinfo("b.py").external_attr >> 16 == 0o644


def test_an_archive_of_assets_holds_texts_files_and_nested_archives(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("file")
    nested = tmp_path / "nested.zip"
    with zipfile.ZipFile(nested, "w") as zipped:
        zipped.writestr("in.txt", "nested")
    value = archive(
        assets={
            "handler.py": {wire.SIGNATURE: wire.ASSET, "text": "print(1)"},
            "f.txt": {wire.SIGNATURE: wire.ASSET, "path": str(tmp_path / "f.txt")},
            "lib": archive(path=str(nested)),
        }
    )
    with zipfile.ZipFile(io.BytesIO(wire.archive_bytes(value))) as read:
        assert {name: read.read(name).decode() for name in read.namelist()} == {
            "handler.py": "print(1)",
            "f.txt": "file",
            "lib/in.txt": "nested",
        }
    assert wire.archive_bytes(archive(path=str(nested))) == nested.read_bytes()


@pytest.mark.parametrize("value", [archive(uri="https://example.invalid/a.zip"), archive(path="/does/not/exist")])
def test_what_cannot_be_read_says_so(value: dict[str, Any]) -> None:
    with pytest.raises(wire.WireError, match=r"remote|doesn't exist"):
        wire.archive_bytes(value)
