"""A file that is written in one step: the old text or the new one, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.files import replace_text


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the disk, in order."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flushed(number: int) -> None:
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{number}") else "file")
        fsync(number)

    def renamed(self: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    return steps


def test_the_text_is_on_the_disk_before_the_name_leads_to_it(tmp_path: Path, done: list[str]) -> None:
    replace_text(tmp_path / "lock", "new")
    assert done == ["file", "rename", "folder"]
    assert (tmp_path / "lock").read_text() == "new"


def test_a_disk_that_takes_nothing_leaves_the_old_text_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_text(path, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["lock"]
    assert path.read_text() == "old"
