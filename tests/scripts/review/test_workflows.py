"""Workflows call only what a person can type: targets that the Makefile has, commands that the command line takes."""

from __future__ import annotations

import os
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
SCRIPTS = (".ci/run", ".github/scripts/propose-pin.sh", ".github/scripts/take-over.sh")


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
    assert {"policy-review.yml", "deploy.yml", "rollback.yml", "tests.yml"} <= {path.name for path in WORKFLOWS}
    inputs = read(ROOT / ".github" / "workflows" / "rollback.yml")["on"]["workflow_dispatch"]["inputs"]
    assert set(inputs) == {"environment", "target_version", "skip_confirmation"}
    assert "production" in inputs["environment"]["options"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_make_target_and_every_command_of_ours_exists(path: Path) -> None:
    seen = 0
    for name, *words in commands(path):
        if name in SCRIPTS:
            assert os.access(ROOT / name, os.X_OK)
            seen += 1
            continue
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


def workflow(name: str) -> dict[str, Any]:
    return read(ROOT / ".github" / "workflows" / name)


def job(name: str) -> dict[str, Any]:
    (found,) = workflow(name)["jobs"].values()
    return dict(found)


CHECKS = ("tests.yml", "policy-review.yml")
UPDATES = ("deploy.yml", "rollback.yml")


@pytest.mark.parametrize("name", CHECKS)
def test_the_checks_run_on_pull_requests_and_can_be_dispatched(name: str) -> None:
    assert {"pull_request", "workflow_dispatch"} <= workflow(name)["on"].keys()


def test_the_suite_that_ci_runs_is_the_one_of_a_clean_checkout() -> None:
    assert [step["run"] for step in job("tests.yml")["steps"] if "run" in step] == [".ci/run"]
    assert {"make check", "make test"} <= set((ROOT / ".ci" / "run").read_text().splitlines())


@pytest.mark.parametrize("name", UPDATES)
def test_the_checks_are_started_on_the_pins_pull_request(name: str) -> None:
    """GitHub starts none for what a workflow's own token does, but for those that are dispatched."""
    script = (ROOT / ".github" / "scripts" / "propose-pin.sh").read_text()
    assert f"checks=({' '.join(CHECKS)})" in script
    assert "pull_request" in workflow("policy-review.yml")["on"]["workflow_dispatch"]["inputs"]
    assert job(name)["permissions"]["actions"] == "write"
    assert ".github/scripts/propose-pin.sh" in [step.get("run") for step in job(name)["steps"]]


@pytest.mark.parametrize("name", UPDATES)
def test_the_pin_of_a_run_that_failed_is_proposed_and_kept(name: str) -> None:
    given = job(name)["steps"]
    (proposed,) = (place for place, step in enumerate(given) if "propose-pin" in step.get("run", ""))
    assert given[proposed]["if"] == "always()"
    kept = given[proposed + 1]
    assert "always()" in kept["if"]
    assert kept["with"]["path"] == "pin.patch"
    assert "pin.patch" in (ROOT / ".github" / "scripts" / "propose-pin.sh").read_text()


def environments(name: str) -> set[str]:
    """Every name that a workflow's ``environment`` can come to."""
    options = workflow(name)["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]
    told = job(name)["environment"]
    patterns = re.findall(r"format\('([^']+)'", told)
    assert "inputs.environment" in told
    return {*options, *(pattern.replace("{0}", option) for pattern in patterns for option in options)}


@pytest.mark.parametrize("name", UPDATES)
def test_every_environment_is_named_on_the_page(name: str) -> None:
    page = (ROOT / "docs" / "review.md").read_text()
    assert len(environments(name)) == {"deploy.yml": 3, "rollback.yml": 6}[name]
    assert {each for each in environments(name) if f"`{each}`" not in page} == set()


def test_a_rollback_waits_for_no_deployment_and_takes_over() -> None:
    groups = [workflow(name)["concurrency"]["group"] for name in UPDATES]
    assert len(set(groups)) == 2
    assert all("inputs.environment" in group for group in groups)
    assert not workflow("rollback.yml")["concurrency"]["cancel-in-progress"], "no rollback is cut off by another"
    run = [step.get("run") for step in job("rollback.yml")["steps"]]
    assert run.index(".github/scripts/take-over.sh") < run.index(
        'scripts/bin/rollback deploy "$VERSION" -s "$STACK" --yes'
    )
    assert job("rollback.yml")["permissions"]["actions"] == "write"
    assert workflow("deploy.yml")["run-name"].endswith(" to ${{ inputs.environment }}")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_pipe_hides_the_exit_code_of_what_it_begins_with(path: Path) -> None:
    """`bash -e` is what GitHub runs where no shell is named; with a name it is `bash -eo pipefail`."""
    whole = read(path)
    for each in whole["jobs"].values():
        for step in each["steps"]:
            if "|" in step.get("run", "").replace("||", "").replace("|\n", ""):
                shell = step.get("shell") or each.get("defaults", whole.get("defaults", {})).get("run", {}).get("shell")
                assert shell == "bash", step["run"]
    for script in SCRIPTS:
        assert "\nset -euo pipefail\n" in (ROOT / script).read_text()


def test_the_review_compares_with_the_base_so_that_findings_stand_on_lines_of_the_change() -> None:
    (review,) = (
        words for name, *words in commands(ROOT / ".github" / "workflows" / "policy-review.yml") if name == "rollback"
    )
    assert review[review.index("--base") + 1] == "main"
    (checkout,) = (
        step
        for step in workflow("policy-review.yml")["jobs"]["review"]["steps"]
        if "actions/checkout" in step.get("uses", "")
    )
    assert checkout["with"]["fetch-depth"] == 0
