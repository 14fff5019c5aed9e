"""The release lock as the policies see it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core.state import STACK
from stacks.releases import RELEASES
from tests.policies.cases import FACTS, make, said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(RELEASES, tmp_path / "releases")


def both(folder: Path | None, *pins: str) -> tuple[list[str], list[str]]:
    facts = replace(FACTS, releases=folder, pins=frozenset(pins))
    return said("release-lock", make(STACK), facts=facts), said("release-window", make(STACK), facts=facts)


def test_what_was_published_passes(folder: Path) -> None:
    assert both(folder, "v1.2.3", "v1.2.1") == ([], [])


def test_a_project_without_releases_has_none_to_break() -> None:
    assert both(None, "v1.2.3") == ([], [])


def test_an_edited_release_is_mandatory_only_where_it_runs(folder: Path) -> None:
    manifest = folder / "v1.2.3.yaml"
    manifest.write_text(manifest.read_text() + "# a note\n")
    blocked, warned = both(folder, "v1.2.3")
    assert "edited after it was published" in blocked[0]
    assert warned == []
    blocked, warned = both(folder, "v1.2.2")
    assert blocked == []
    assert "edited after it was published" in warned[0]


def test_an_addition_belongs_to_its_release(folder: Path) -> None:
    addition = folder / "v1.2.3.d" / "cryptique.yaml"
    addition.write_text(addition.read_text() + "# a note\n")
    assert len(both(folder, "v1.2.3")[0]) == 1


def test_a_missing_file_and_an_unpublished_release_are_told(folder: Path) -> None:
    (folder / "v1.2.3.yaml").unlink()
    assert "lacks v1.2.3.yaml" in both(folder, "v1.2.3")[0][0]
    (folder / "v1.5.0.yaml").write_text("version: v1.5.0\n")
    assert "isn't published" in both(folder, "v1.5.0")[0][0]


def test_a_lock_that_cannot_be_read_is_one_line(folder: Path) -> None:
    (folder / "releases.lock").write_text("{")
    blocked, warned = both(folder, "v1.2.3")
    assert len(blocked) == 1
    assert "\n" not in blocked[0]
    assert warned == []


def test_only_the_stack_itself_is_asked() -> None:
    assert said("release-lock", make("aws:sns/topic:Topic"), facts=replace(FACTS, releases=Path("none"))) == []
