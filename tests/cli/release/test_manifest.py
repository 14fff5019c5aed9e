"""A new manifest pins what was built since, and nothing that is faulty, older or incomplete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cli.release import building, manifest
from cli.release.building import Built
from cli.release.errors import ReleaseError
from core.model import ConfigurationError
from stacks.pinned import pinned
from stacks.releases import load, lock_release, parse
from tests.cli.release.conftest import NEW, TODAY


@pytest.fixture
def artifacts(built: Path) -> list[Built]:
    return building.read(built)


def raw(path: Path) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(path.read_text())
    return found


def test_it_pins_the_newest_sound_versions_and_keeps_the_rest(releases: Path, artifacts: list[Built]) -> None:
    done = manifest.new(NEW, artifacts, TODAY, folder=releases)
    assert done.origin == "v1.4.0"
    newer = {(before.name, after.version) for before, after in done.changes}
    assert newer == {
        ("async_document_processor", "1.2.0"),
        ("process_document_for_rag", "1.2.0"),
        ("query_handler", "1.3.0"),
        ("text_rag_processor", "1.3.0"),
        ("vdr_processor", "1.2.0"),
        ("receipt_chroma", "1.3.0"),
        ("rag-api", "1.6.0"),
    }
    old, new = load("v1.4.0", releases), parse(done.path.read_bytes(), "m")
    changed = {each.name for each in pinned(new)} - {each.name for each in pinned(old) if each in pinned(new)}
    assert changed == {name for name, _ in newer}
    assert (new.released, new.moves_after) == (TODAY, old.moves_after)
    assert new.summary.startswith("async_document_processor 1.2.0, process_document_for_rag 1.2.0, query_handler 1.3.0")
    lock_release(NEW, releases)
    assert load(NEW, releases).quality == "good"


def test_what_joined_an_older_release_later_is_in_the_new_manifest(releases: Path, artifacts: list[Built]) -> None:
    done = manifest.new(NEW, artifacts, TODAY, "v1.2.2", folder=releases)
    assert set(raw(done.path)["systems"]) == {  # type: ignore[call-overload]
        "async-rag",
        "rag-api",
        "compaction",
        "cryptique",
        "security-assistant",
    }
    found = {each.name: each.version for each in pinned(parse(done.path.read_bytes(), "m"))}
    assert found["worker"] == "1.3.0"  # 2.0.0 has a FAULT
    assert found["enhanced_compaction_handler"] == "1.2.0"  # 2.0.0 is of a faulty release


def test_a_version_can_be_chosen(releases: Path, artifacts: list[Built]) -> None:
    chosen = {"rag-api": "1.4.1", "worker": "2.0.0", "cryptique": "1.2.0"}
    done = manifest.new(NEW, artifacts, TODAY, chosen=chosen, summary="Chosen", folder=releases)
    found = {each.name: each.version for each in pinned(parse(done.path.read_bytes(), "m"))}
    assert (found["rag-api"], found["worker"], found["revision"]) == ("1.4.1", "2.0.0", "1.2.0")
    assert raw(done.path)["summary"] == "Chosen"


@pytest.mark.parametrize(
    ("version", "origin", "chosen", "said"),
    [
        ("1.5.0", None, {}, "names no release: write a version such as v1.5.0"),
        ("v1.4.0", None, {}, "v1.4.0 is published already: a release is never edited"),
        ("v1.3.1", None, {}, "v1.3.1 isn't newer than v1.4.0"),
        (NEW, "v9.9.9", {}, "unknown version 'v9.9.9'"),
        (NEW, None, {"rag-ap": "1.6.0"}, "unknown artifact 'rag-ap' (did you mean rag-api?)"),
        (NEW, None, {"rag-api": "9.9.9"}, "unknown version of rag-api '9.9.9'"),
    ],
)
def test_what_cannot_be_written_is_refused(
    releases: Path, artifacts: list[Built], version: str, origin: str | None, chosen: dict[str, str], said: str
) -> None:
    before = sorted(releases.iterdir())
    with pytest.raises((ReleaseError, ConfigurationError)) as caught:
        manifest.new(version, artifacts, TODAY, origin, chosen, folder=releases)
    assert said in str(caught.value)
    assert sorted(releases.iterdir()) == before


def test_a_manifest_that_is_there_is_never_written_over(releases: Path, artifacts: list[Built]) -> None:
    (releases / f"{NEW}.yaml").write_text("somebody's work")
    with pytest.raises(ReleaseError, match=r"v1\.5\.0\.yaml exists: edit it"):
        manifest.new(NEW, artifacts, TODAY, folder=releases)
    assert (releases / f"{NEW}.yaml").read_text() == "somebody's work"


def test_new_code_that_lacks_what_it_imports_is_refused(releases: Path, artifacts: list[Built]) -> None:
    lacking = [replace(each, lacks=("psycopg",)) if each.version == "1.3.0" else each for each in artifacts]
    with pytest.raises(ReleaseError, match=r"query_handler/1\.3\.0 imports psycopg and hasn't got it: name it"):
        manifest.new(NEW, lacking, TODAY, folder=releases)
    assert not (releases / f"{NEW}.yaml").exists()
