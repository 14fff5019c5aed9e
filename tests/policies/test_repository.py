"""Which line of the repository a finding is shown on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from policies.repository import Candidate, Repository

PROGRAM = """\
import pulumi_aws as aws


class Stores:
    def __init__(self):
        self.jobs = aws.dynamodb.Table(
            "jobs",
            name="jobs",
            billing_mode="PAY_PER_REQUEST",
        )
        self.other = 1
"""
SETTINGS = "# Why.\nconfig:\n  shop:version: v1.2.3\n  async-rag:replicas: '3'\n  async-rag:hosts: []\n"
URN = "urn:pulumi:prod::shop::shop:systems:AsyncRag$shop:x:Stores$aws:dynamodb/table:Table::jobs"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a bigger repository."""
    top = tmp_path / "top"
    folder = top / "deploy"
    (folder / "stacks").mkdir(parents=True)
    (folder / "stores.py").write_text(PROGRAM)
    (folder / "__main__.py").write_text("import stores\n")
    (folder / "Pulumi.yaml").write_text("name: shop\nstackConfigDir: stacks\n")
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(SETTINGS)
    (folder / "ignored.py").write_text("x\n")
    (top / ".gitignore").write_text("ignored.py\n")
    (top / "README.md").write_text("a\nb\n")
    (folder / "linked.py").symlink_to(folder / "stores.py")
    subprocess.run(["git", "init", "--quiet", str(top)], check=True)
    return folder


def shown(project: Path, *candidates: Candidate, subject: str = URN, **more: object) -> str:
    changed = more.pop("changed", {})
    spot = Repository(project, changed=changed).spot(candidates, subject, **more)  # type: ignore[arg-type]
    return f"{spot.file}:{spot.line}:{spot.column}"


def test_a_line_of_the_project_is_told_from_the_top_of_the_repository(project: Path) -> None:
    assert shown(project, Candidate("stores.py", 6, 21)) == "deploy/stores.py:6:21"
    assert shown(project, Candidate("stores.py", 6)) == "deploy/stores.py:6:9", "where the line begins"
    assert shown(project, Candidate(str(project / "stores.py"), 6)) == "deploy/stores.py:6:9", "an absolute path"
    assert shown(project, Candidate("linked.py", 6)) == "deploy/stores.py:6:9", "no link: code hosts don't follow it"


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("gone.py", 1),
        Candidate("stores.py", 99),
        Candidate("stores.py", 0),
        Candidate("/etc/passwd", 1),
        Candidate("../../elsewhere.py", 1),
        Candidate("ignored.py", 1),
        Candidate("stacks", 1),
    ],
)
def test_what_the_repository_has_not_got_is_shown_at_the_stacks_file(project: Path, candidate: Candidate) -> None:
    assert shown(project, candidate) == "deploy/stacks/Pulumi.prod.yaml:4:3"
    assert shown(project, candidate, Candidate("stores.py", 7)) == "deploy/stores.py:7:13", "the next one that exists"


@pytest.mark.parametrize(
    ("subject", "place"),
    [
        (URN, "deploy/stacks/Pulumi.prod.yaml:4:3"),
        (URN.replace("AsyncRag", "Unknown"), "deploy/stacks/Pulumi.prod.yaml:3:3"),
        ("urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", "deploy/stacks/Pulumi.prod.yaml:3:3"),
        (URN.replace(":prod:", ":dev:"), "deploy/__main__.py:1:1"),
        ("prod::v1.2.3", "deploy/__main__.py:1:1"),
        ("urn:pulumi:../../x::shop::t::n", "deploy/__main__.py:1:1"),
        ("", "deploy/__main__.py:1:1"),
    ],
)
def test_without_a_line_the_stacks_file_is_shown_at_its_system_or_its_pin(
    project: Path, subject: str, place: str
) -> None:
    assert shown(project, subject=subject) == place


def test_a_project_without_python_or_settings_is_shown_by_its_definition(project: Path) -> None:
    (project / "__main__.py").unlink()
    (project / "Pulumi.yaml").write_text("{")
    assert shown(project) == "deploy/Pulumi.yaml:1:1"
    (project / "Pulumi.yaml").unlink()
    assert shown(project) == "Pulumi.yaml:1:1"


FILE = "deploy/stores.py"


@pytest.mark.parametrize(
    ("changed", "caused_here", "line"),
    [
        ({FILE: {6}}, False, "deploy/stores.py:6"),
        ({FILE: {9}}, False, "deploy/stores.py:9"),
        ({FILE: {8, 9}}, False, "deploy/stores.py:8"),
        ({FILE: {11}}, False, "deploy/stores.py:6"),
        ({FILE: {11}}, True, "deploy/stores.py:11"),
        ({FILE: {1, 11}}, True, "deploy/stores.py:1"),
        ({"deploy/stacks/Pulumi.prod.yaml": {3}}, False, "deploy/stores.py:6"),
        ({"deploy/stacks/Pulumi.prod.yaml": {3}}, True, "deploy/stacks/Pulumi.prod.yaml:3"),
        ({"README.md": {1}}, True, "deploy/stores.py:6"),
        ({FILE: set()}, True, "deploy/stores.py:6"),
        ({}, True, "deploy/stores.py:6"),
    ],
)
def test_a_line_of_the_change_is_preferred(
    project: Path, changed: dict[str, set[int]], caused_here: bool, line: str
) -> None:
    """A call over several lines is one statement: the edited argument belongs to it."""
    place = shown(project, Candidate("stores.py", 6), changed=changed, caused_here=caused_here)
    assert place.rpartition(":")[0] == line


def test_of_several_candidates_the_one_that_the_change_touched_is_shown(project: Path) -> None:
    candidates = Candidate("stores.py", 6), Candidate("__main__.py", 1)
    assert shown(project, *candidates, changed={"deploy/__main__.py": {1}}) == "deploy/__main__.py:1:1"
    (project / "stores.py").write_text("def broken(:\n\n\n\n\n    x\n")
    assert shown(project, *candidates, changed={FILE: {5}}) == "deploy/stores.py:6:5", "no Python: the line alone"


def test_without_git_any_file_of_the_project_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a.py").write_text("x\n")
    assert shown(tmp_path, Candidate("a.py", 1)) == "a.py:1:1"
    monkeypatch.setenv("PATH", "")
    assert shown(tmp_path, Candidate("a.py", 1)) == "a.py:1:1"
