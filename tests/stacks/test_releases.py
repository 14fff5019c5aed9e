"""Releases: immutable, whole, and refused in one line when they aren't."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model import ConfigurationError
from core.release_lock import LOCK_NAME, read_lock
from stacks.releases import RELEASES, load, lock_release, parse, versions, window
from stacks.systems import SYSTEMS

ROOT = RELEASES.parent.parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the releases that a test may break."""
    return Path(shutil.copytree(RELEASES, tmp_path / "releases"))


def refusal(version: str, folder: Path = RELEASES) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(version, folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("version", versions())
def test_every_manifest_is_published_whole_and_unedited(version: str) -> None:
    release = load(version)
    assert set(release.systems.named()) == set(SYSTEMS)


def test_there_is_something_to_go_back_to() -> None:
    good = [version for version in versions() if load(version).quality == "good"]
    assert len(good) >= 3
    assert any(load(version).quality == "faulty" for version in versions())


def test_no_published_hash_was_ever_changed() -> None:
    """The lock itself could be edited together with a manifest; git's history tells."""
    log = ["git", "log", "--format=%H", "--", f"stacks/releases/{LOCK_NAME}"]
    done = subprocess.run(log, cwd=ROOT, capture_output=True, text=True, check=False)
    current = read_lock(RELEASES)
    for commit in done.stdout.split():
        show = ["git", "show", f"{commit}:stacks/releases/{LOCK_NAME}"]
        old = json.loads(subprocess.run(show, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
        changed = {version for version, sha in old.items() if current.get(version) != sha}
        assert not changed, f"{changed} differ from what commit {commit[:8]} published"


def test_an_unknown_version_names_the_valid_ones() -> None:
    assert refusal("v9.9.9").endswith("valid: v1.2.1, v1.2.2, v1.2.3, v1.3.0, v1.4.0")


@pytest.mark.parametrize("version", ["latest", "1.2.3", "v1.2", "v1.2.3-rc1", "../v1.2.3", "", "v01.2.3"])
def test_a_version_that_pins_nothing_is_refused(version: str) -> None:
    assert "doesn't name a release" in refusal(version)


def test_an_edit_after_publication_is_noticed(folder: Path) -> None:
    path = folder / "v1.2.2.yaml"
    path.write_text(path.read_text().replace("quality: good", "quality: faulty"))
    assert "was edited after it was published" in refusal("v1.2.2", folder)
    assert load("v1.2.3", folder).version == "v1.2.3"


def test_even_a_comment_counts_as_an_edit(folder: Path) -> None:
    path = folder / "v1.2.2.yaml"
    path.write_text(path.read_text() + "# harmless\n")
    assert "was edited" in refusal("v1.2.2", folder)


def test_a_published_manifest_that_is_gone_is_missed(folder: Path) -> None:
    (folder / "v1.2.2.yaml").unlink()
    assert "is missing: restore" in refusal("v1.2.2", folder)


def test_an_unpublished_manifest_is_not_deployed(folder: Path) -> None:
    text = (folder / "v1.2.3.yaml").read_text().replace("v1.2.3", "v1.2.4")
    (folder / "v1.2.4.yaml").write_text(text)
    assert "rollback release publish v1.2.4" in refusal("v1.2.4", folder)
    lock_release("v1.2.4", folder)
    assert load("v1.2.4", folder).version == "v1.2.4"
    assert read_lock(folder)["v1.2.4"] == hashlib.sha256(text.encode()).hexdigest()


def test_publishing_again_with_other_content_is_refused(folder: Path) -> None:
    path = folder / "v1.2.2.yaml"
    path.write_text(path.read_text().replace("1.4.1", "1.4.0"))
    before = (folder / LOCK_NAME).read_bytes()
    with pytest.raises(ConfigurationError, match="edited after it was published"):
        lock_release("v1.2.2", folder)
    assert (folder / LOCK_NAME).read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("asyncPath", "asyncPth", "did you mean asyncPath?"),
        ("schemaVersion: 2", "schemaVersion: 0", "schemaVersion is 0; it has to be a whole number from 1 to 99"),
        ("quality: good", "quality: fine", "it has to be good or faulty"),
        ("rag-api:", "rag-ap:", "did you mean rag-api?"),
        ("digest: sha256:", "digest: ", "it has to be a digest: sha256: and 64"),
        ("query_handler:", "query_handle:", "functions lacks query_handler"),
        ("asyncPath: true", "asyncPath: false", "which asyncPath false rules out"),
        ("systems:", "systems: [", "isn't valid YAML"),
        ("systems:", "movesAfter: {rag-ap: [async-rag]}\nsystems:", "movesAfter names 'rag-ap', which is no system"),
        ("systems:", "movesAfter: {rag-api: [rag-api]}\nsystems:", "movesAfter goes in a circle"),
    ],
)
def test_a_typo_is_one_line_that_names_it(old: str, new: str, part: str) -> None:
    text = (RELEASES / "v1.2.3.yaml").read_text()
    assert old in text
    with pytest.raises(ConfigurationError) as caught:
        parse(text.replace(old, new, 1).encode(), "stacks/releases/v1.2.3.yaml")
    assert part in str(caught.value)
    assert str(caught.value).startswith("stacks/releases/v1.2.3.yaml")
    assert "\n" not in str(caught.value)


def test_a_broken_manifest_does_not_stand_in_the_way_of_another(folder: Path) -> None:
    (folder / "v1.3.0.yaml").write_text("version: [")
    assert set(window("rag-api", folder)) == {"v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])  # how fast a busy machine draws is no fault
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_yaml_a_manifest_holds_it_is_refused_in_one_line(data: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(yaml.safe_dump(data).encode(), "m")
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def older(folder: Path) -> Path:
    """A release v1.5.0 that was published before rag-api joined the project."""
    manifest = yaml.safe_load((folder / "v1.2.3.yaml").read_text())
    manifest["version"] = "v1.5.0"
    joined = manifest["systems"].pop("rag-api")
    (folder / "v1.5.0.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    lock_release("v1.5.0", folder)
    (folder / "v1.5.0.d").mkdir()
    (folder / "v1.5.0.d" / "rag-api.yaml").write_text(yaml.safe_dump(joined))
    return folder


def test_a_system_that_joins_later_is_added_beside_the_manifest(older: Path) -> None:
    before = read_lock(older)
    assert (
        refusal("v1.5.0", older)
        == "rag-api.yaml isn't published: run `rollback release publish v1.5.0 -s STACK` and commit it"
    )
    lock_release("v1.5.0", older)
    assert set(load("v1.5.0", older).systems.named()) == {"async-rag", "rag-api"}
    lock = read_lock(older)
    assert set(lock) - set(before) == {"v1.5.0/rag-api"}
    assert before.items() <= lock.items()


def test_an_addition_is_locked_like_the_manifest(older: Path) -> None:
    lock_release("v1.5.0", older)
    path = older / "v1.5.0.d" / "rag-api.yaml"
    text = path.read_text()
    path.write_text(text.replace("1.5.0", "1.4.1"))
    assert "was edited after it was published: restore rag-api.yaml" in refusal("v1.5.0", older)
    path.unlink()
    assert "is missing: restore rag-api.yaml" in refusal("v1.5.0", older)


def test_an_addition_cannot_restate_what_the_manifest_says(older: Path) -> None:
    (older / "v1.5.0.d" / "async-rag.yaml").write_text("asyncPath: false\n")
    with pytest.raises(ConfigurationError, match="states async-rag already"):
        lock_release("v1.5.0", older)


def test_a_typo_in_an_addition_is_named(older: Path) -> None:
    path = older / "v1.5.0.d" / "rag-api.yaml"
    path.write_text(path.read_text().replace("digest", "digets"))
    with pytest.raises(ConfigurationError, match="did you mean digest"):
        lock_release("v1.5.0", older)
