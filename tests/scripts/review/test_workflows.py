"""Workflows call only what a person can type: targets that the Makefile has, commands that the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from scripts import rollback
from scripts.review.markdown import MARK

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VALUES = {"VERSION": "v1.2.3", "STACK": "prod", "BASE": "main", "HEAD": "main"}
"""What stands for the variables that a command is given."""
OURS = ("rollback", "scripts/bin/rollback")


def read(path: Path) -> dict[str, Any]:
    """A workflow; YAML takes its key ``on`` for true."""
    content = yaml.safe_load(path.read_text())
    return {"on": content.pop(True), **content}


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in read(path)["jobs"].values():
        yield from job["steps"]


def commands(path: Path) -> Iterator[list[str]]:
    """The words of every command in a workflow, each pipe, redirection and substitution apart."""
    for step in steps(path):
        text = step.get("run", "").replace("\\\n", " ")
        text = re.sub(r"\$([A-Z_]+)", lambda found: VALUES.get(found[1], found[0]), text)
        for line in re.split(r"\n|\||;|&&|>>?[^\n|;]*|\$\(|\)\"?", text):
            try:
                words = shlex.split(line.strip().removeprefix('eval "'))
            except ValueError:
                continue
            if words:
                yield words


def test_there_are_the_workflows_that_the_runbooks_name() -> None:
    assert {"policy-review.yml", "deploy.yml", "rollback.yml"} <= {path.name for path in WORKFLOWS}
    inputs = read(ROOT / ".github" / "workflows" / "rollback.yml")["on"]["workflow_dispatch"]["inputs"]
    assert set(inputs) == {"environment", "target_version", "skip_confirmation"}
    assert "production" in inputs["environment"]["options"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_make_target_and_every_command_of_ours_exists(path: Path) -> None:
    seen = 0
    for name, *words in commands(path):
        if name == "make":
            targets = [word for word in words if not word.startswith("-") and "=" not in word]
            assert targets
            assert set(targets) <= TARGETS, words
            seen += 1
        elif name in OURS:
            group = get_command(rollback.app)
            command, *rest = words
            known = group.get_command(None, command)  # type: ignore[attr-defined]
            assert known is not None, f"rollback {command}"
            known.make_context(command, rest)
            seen += 1
    assert seen > 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_rights_are_asked_for_job_by_job_and_actions_are_pinned_by_commit(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())
    for line in path.read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_people_type_in_reaches_a_shell_only_as_a_variable(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_the_job_that_may_write_runs_nothing_of_the_pull_requests_own() -> None:
    path = ROOT / ".github" / "workflows" / "policy-review.yml"
    review, post = (read(path)["jobs"][name] for name in ("review", "post"))
    assert review["permissions"] == {"contents": "read"}
    assert not any("checkout" in step.get("uses", "") for step in post["steps"])
    assert MARK in path.read_text()
