"""Which pack the environment leads to, and the program's count of updates without ours."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from guard import pack


@pytest.mark.parametrize(
    ("named", "applied"),
    [
        (str(pack.folder()), True),
        (f"{pack.folder()}/", True),
        (f"/elsewhere,{pack.folder()}", True),
        ("", False),
        (" ", False),
        (",", False),
        ("/elsewhere", False),
        (str(pack.folder().parent / "guard"), False),
    ],
)
def test_only_our_own_pack_counts(named: str, applied: bool) -> None:
    assert pack.is_applied({pack.VARIABLE: named}) is applied
    assert not pack.is_applied({})


def test_a_copy_with_the_same_content_is_ours_and_one_that_was_changed_isnt(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(pack.folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert pack.is_applied({pack.VARIABLE: str(copy)})
    other = tmp_path / "other"
    shutil.copytree(copy, other)
    (other / "waivers.yaml").write_text("[]")
    assert not pack.is_applied({pack.VARIABLE: str(other)})
    link = tmp_path / "link"
    link.symlink_to(pack.folder())
    assert pack.is_applied({pack.VARIABLE: str(link)})


def test_updates_without_the_pack_are_counted_for_ever() -> None:
    ours, another = {pack.VARIABLE: str(pack.folder())}, {pack.VARIABLE: ""}
    assert pack.exported({}, ours) == {"withoutPack": 0}
    first = {"guard": pack.exported({}, another)}
    assert pack.exported(first, ours) == {"withoutPack": 1}
    assert pack.exported({"guard": {"withoutPack": 1.0}}, another) == {"withoutPack": 2}
    assert pack.count({"guard": {"withoutPack": "many"}}) == 0
