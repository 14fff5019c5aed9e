"""The commands that ``docs/releases.md`` gives for a release, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.release.places import Bucket
from stacks.rag_api import RagApiRelease
from stacks.releases import load
from tests.cli.release.conftest import Registry, account, bucket, images
from tests.support.project import ROOT, Project, copy_project

__all__ = ["account", "bucket", "images"]

VERSION = "v1.5.0"
WRITTEN_BY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "A Test"), ("EMAIL", "test@example.com"))
}


def blocks() -> list[str]:
    """The blocks of commands of the section, in their order, up to the table."""
    page = (ROOT / "docs" / "releases.md").read_text()
    section = page[page.index("## Make one") : page.index("| command |")]
    found = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    return ["".join(line.removeprefix("    ") for line in block.splitlines(keepends=True)) for block in found]


def clone(folder: Path, environment: Mapping[str, str]) -> Project:
    """The project as a fresh clone, in which commits can be made."""
    project = copy_project(folder, {**environment, **WRITTEN_BY})
    for words in (("init", "--quiet"), ("add", "apps", "stacks"), ("commit", "--quiet", "-m", "A clone")):
        subprocess.run(["git", *words], cwd=folder, check=True, env=dict(project.environment))
    return project


def run(project: Project, block: str) -> str:
    path = f"{project.folder / 'scripts' / 'bin'}:{project.environment['PATH']}"
    done = project.run("bash", "-euo", "pipefail", "-c", block, PATH=path, timeout=900)
    assert done.code == 0, done.said
    return done.said


def test_the_page_has_a_release_from_source_to_way_back() -> None:
    source, release, deploy = blocks()
    assert source.startswith("mkdir apps/functions/")
    commands = re.findall(r"^rollback release (\w+)", release, re.MULTILINE)
    assert commands == ["build", "new", "diff", "check", "publish"]
    assert re.findall(r"^rollback deploy (\S+)", deploy, re.MULTILINE) == [VERSION, "v1.2.3", VERSION]


@pytest.mark.long
@pytest.mark.sandbox
def test_a_release_is_made_as_the_page_says(
    tmp_path: Path, images: Registry, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first half, from the sources to the lock, without a stack: in a fresh clone, an empty bucket and registry."""
    project = clone(tmp_path / "clone", {**os.environ, "HOME": str(tmp_path)})
    name = f"rollback-stack:artifactBucket: {bucket.name}"
    project.stack_file.write_text(project.stack_file.read_text().replace("config:\n", f"config:\n  {name}\n", 1))
    source, release, _ = blocks()
    run(project, source)
    told = run(project, release)
    assert "async-rag query_handler: 1.2.0 -> 1.3.1" in told
    assert "rag-api rag-api: 1.5.0 -> 1.6.1" in told
    assert f"{VERSION} is published; commit" in told
    folder = project.folder / "stacks" / "releases"
    made = load(VERSION, folder)
    assert made.summary == "More candidates for an answer"
    rag_api = made.systems.of(RagApiRelease)
    assert rag_api is not None
    assert rag_api.version == "1.6.1"
    again = run(project, f"rollback publish {VERSION}")
    assert "0 artifacts uploaded" in again
    assert f"{VERSION} was published before" in again
    status = subprocess.run(
        ["git", "status", "--porcelain", "apps", "stacks"],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert status.stdout == f" M {project.stack_file.relative_to(project.folder)}\n" or status.stdout == ""
