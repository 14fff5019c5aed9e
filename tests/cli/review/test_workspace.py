"""Copies: a stack's settings at a release, the program at a revision; the checkout stays as it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from cli.review.errors import ReviewError
from cli.review.workspace import base_of, program_at, remote_of, settings_at

SETTINGS = "config:\n  rollback-stack:version: v1.2.3 # why\n  rag-api:replicas: '3'\nencryptionsalt: v1:x:y\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    given = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, env=given, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """main has one commit; a branch has one more, and something that isn't committed."""
    folder = tmp_path / "checkout"
    (folder / "stacks").mkdir(parents=True)
    (folder / ".venv").mkdir()
    (folder / ".gitignore").write_text(".venv\n")
    (folder / "__main__.py").write_text("first\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "switch", "--quiet", "-c", "change")
    (folder / "__main__.py").write_text("second\n")
    git(folder, "commit", "--quiet", "-am", "second")
    (folder / "__main__.py").write_text("third\n")
    return folder


@pytest.mark.parametrize("spelling", ["rollback-stack:version", "version"])
def test_the_copy_is_pinned_and_the_file_is_not(tmp_path: Path, spelling: str) -> None:
    source = tmp_path / "Pulumi.prod.yaml"
    text = SETTINGS.replace("rollback-stack:version", spelling)
    source.write_text(text)
    copy = settings_at(source, "v1.2.1", tmp_path / "scratch")
    assert copy.name == source.name
    wanted = {"rollback-stack:version": "v1.2.1", "rag-api:replicas": "3"}
    assert yaml.safe_load(copy.read_text()) == {"config": wanted, "encryptionsalt": "v1:x:y"}
    assert source.read_text() == text
    as_is = settings_at(source, None, tmp_path / "scratch")
    assert yaml.safe_load(as_is.read_text()) == yaml.safe_load(text)
    assert as_is != copy


@pytest.mark.parametrize("content", [None, "a: [", ""])
def test_a_file_that_is_missing_torn_or_empty(tmp_path: Path, content: str | None) -> None:
    source = tmp_path / "Pulumi.prod.yaml"
    if content is not None:
        source.write_text(content)
    if content == "":
        copy = settings_at(source, "v1.2.1", tmp_path / "scratch")
        assert yaml.safe_load(copy.read_text()) == {"config": {"rollback-stack:version": "v1.2.1"}}
    else:
        with pytest.raises(ReviewError, match="can't be read"):
            settings_at(source, "v1.2.1", tmp_path / "scratch")


def test_the_base_is_where_the_trunk_was_left_or_what_is_named(repository: Path) -> None:
    first = git(repository, "rev-parse", "main")
    assert base_of(repository, None) == ("merge base with main", first)
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert base_of(repository, None) == ("merge base with origin/main", git(repository, "rev-parse", "HEAD"))
    assert base_of(repository, "main") == ("main", first)
    for wrong in ("nowhere", "--all", ""):
        with pytest.raises(ReviewError, match="is no revision of this checkout"):
            base_of(repository, wrong)


def test_without_a_trunk_somebody_has_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ReviewError, match="name a revision with --base"):
        base_of(tmp_path, None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReviewError, match="name a revision with --base"):
        base_of(tmp_path, None)


def test_the_program_at_a_revision_leaves_the_checkout_alone(repository: Path, tmp_path: Path) -> None:
    before = git(repository, "status", "--porcelain"), git(repository, "for-each-ref"), sorted(repository.rglob("*"))
    found = program_at(repository, git(repository, "rev-parse", "main"), tmp_path / "base")
    assert (found / "__main__.py").read_text() == "first\n"
    assert (found / ".venv").resolve() == repository / ".venv"
    after = git(repository, "status", "--porcelain"), git(repository, "for-each-ref"), sorted(repository.rglob("*"))
    assert after == before
    with pytest.raises(ReviewError, match="can't be read"):
        program_at(repository, "0" * 40, tmp_path / "other")


def test_an_environment_that_was_committed_is_not_used(repository: Path, tmp_path: Path) -> None:
    (repository / ".venv").rmdir()
    (repository / ".venv").symlink_to("/nowhere")
    git(repository, "add", "--force", ".venv")
    git(repository, "commit", "--quiet", "-m", "by mistake")
    found = program_at(repository, "HEAD", tmp_path / "base")
    assert (found / ".venv").readlink() == repository / ".venv"


def test_pins_of_single_systems_stay_in_the_copy_unless_they_are_to_go(tmp_path: Path) -> None:
    source = tmp_path / "Pulumi.prod.yaml"
    pins = {"rag-api:version": "v1.2.2", "rollback-stack:temporaryPins": ["rag-api"], "rag-api:replicas": "3"}
    source.write_text(yaml.safe_dump({"config": {"rollback-stack:version": "v1.2.3", **pins}}))
    for unpin, wanted in ((False, pins), (True, {"rag-api:replicas": "3"})):
        copy = settings_at(source, "v1.2.1", tmp_path / "scratch", unpin=unpin)
        assert yaml.safe_load(copy.read_text())["config"] == {**wanted, "rollback-stack:version": "v1.2.1"}
    as_is = settings_at(source, None, tmp_path / "scratch", unpin=True)
    assert yaml.safe_load(as_is.read_text()) == yaml.safe_load(source.read_text())


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/owner/project.git", "https://github.com/owner/project"),
        ("https://somebody:secret@github.com/owner/project", "https://github.com/owner/project"),
        ("git@github.com:owner/project.git", "https://github.com/owner/project"),
        ("ssh://git@github.com/owner/project.git", "https://github.com/owner/project"),
        ("/srv/project", None),
        ("file:///srv/project", None),
        (None, None),
    ],
)
def test_the_page_of_a_repository_is_told_by_its_remote(repository: Path, remote: str | None, page: str | None) -> None:
    if remote is not None:
        git(repository, "remote", "add", "origin", remote)
    assert remote_of(repository) == page
