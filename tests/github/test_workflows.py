"""Workflows: what runbooks type is taken, what is called exists, and each promise of the page is kept."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli import rollback
from cli.pipelines import take_over
from cli.pipelines.request import ENVIRONMENTS, SPELLINGS, UNATTENDED, understood
from cli.review.markdown import MARK
from tests.github.reading import ACTION, FOLDER, OURS, PAGE, ROOT, WORKFLOWS, every_file, read, steps, workflow

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
VALUES = {"VERSION": "v1.2.3", "STACK": "prod", "BASE": "main", "HEAD": "main"}
"""What stands for the variables that a command is given."""
SCRIPTS = (".ci/run", ".github/actions/rollback/propose-pin.sh")
CHECKS = ("tests.yml", "policy-review.yml")
UPDATES = ("deploy.yml", "rollback.yml")
CALLED = (*UPDATES, "policy-review.yml")
PRODUCTION = ("up", "-s", "prod", "--yes")
BACK = ("deploy", "v1.2.3", "-s", "prod", "--yes")
TYPED: dict[str, tuple[tuple[str, ...], str]] = {
    "gh workflow run rollback.yml -f environment=production -f target_version=v1.2.3": (BACK, "production"),
    "gh workflow run rollback.yml -f environment=production -f target_version=v1.2.3 -f skip_confirmation=false": (
        BACK,
        "production",
    ),
    "gh workflow run deploy-production.yml --ref main --field skip_approval=true --field environment=prod": (
        PRODUCTION,
        "production-unattended",
    ),
    "gh workflow run deploy-staging.yml --ref develop": (("up", "-s", "staging", "--yes"), "staging"),
    "gh workflow run rollback.yml -f environment=prod -f version=v1.2.3 -f system=rag-api": (
        ("deploy", "v1.2.3", "-s", "prod", "--system", "rag-api", "--yes"),
        "production",
    ),
}
"""What runbooks type, word for word, and the last as well -> what is run, and who agrees."""


def taken(name: str, given: dict[str, str]) -> dict[str, str]:
    """What a dispatched workflow's inputs are; GitHub refuses one that it hasn't, and a value outside of its type."""
    inputs = workflow(name)["on"]["workflow_dispatch"]["inputs"]
    assert set(given) <= set(inputs)
    for key, value in given.items():
        assert inputs[key]["type"] != "choice" or value in inputs[key]["options"]
        assert inputs[key]["type"] != "boolean" or value in ("true", "false")
    assert all(key in given or "default" in told for key, told in inputs.items() if told.get("required"))
    defaults = {key: str(told.get("default", "")).lower() for key, told in inputs.items()}
    return {**defaults, **given}


def filled(given: dict[str, Any], inputs: dict[str, str]) -> dict[str, str]:
    """What ``with`` comes to."""
    found = {}
    for key, value in given.items():
        (name,) = re.findall(r"^\$\{\{ inputs\.(\w+) \}\}$", str(value)) or [None]
        found[key] = inputs[name] if name else str(value)
    return found


@pytest.mark.parametrize("line", TYPED)
def test_what_a_runbook_types_is_understood(line: str) -> None:
    arguments, gate = TYPED[line]
    _, _, _, name, *words = shlex.split(line)
    fields = [words[place + 1] for place, word in enumerate(words) if word in ("-f", "--field")]
    inputs = taken(name, dict(field.split("=", 1) for field in fields))
    (job, *_) = workflow(name)["jobs"].values()
    if "uses" in job:
        called = workflow(Path(job["uses"]).name)
        defaults = {
            key: str(told.get("default", "")).lower() for key, told in called["on"]["workflow_call"]["inputs"].items()
        }
        assert set(job["with"]) <= set(defaults)
        inputs = {**defaults, **filled(job["with"], inputs)}
        job = called["jobs"]["request"]
    (step,) = (step for step in job["steps"] if step.get("uses") == OURS)
    request = understood(filled(step["with"], inputs))
    assert (request.arguments, request.gate) == (arguments, gate)


@pytest.mark.parametrize("name", UPDATES)
def test_the_choices_are_the_spellings(name: str) -> None:
    assert workflow(name)["on"]["workflow_dispatch"]["inputs"]["environment"]["options"] == list(SPELLINGS)


@pytest.mark.parametrize("name", CALLED)
def test_what_a_person_may_give_a_calling_workflow_may_give_too(name: str) -> None:
    on = workflow(name)["on"]
    dispatched, called = (on[event]["inputs"] for event in ("workflow_dispatch", "workflow_call"))
    for key, told in dispatched.items():
        same = "string" if told["type"] == "choice" else told["type"]
        assert called[key]["type"] == same
        assert told.get("default") == called[key].get("default") or key == "environment"
    for told in called.values():
        assert told["description"]


@pytest.mark.parametrize("name", CALLED)
def test_an_output_is_one_of_a_job(name: str) -> None:
    whole = workflow(name)
    outputs = whole["on"]["workflow_call"]["outputs"]
    assert "exit_code" in outputs
    for told in outputs.values():
        ((job, output),) = re.findall(r"^\$\{\{ jobs\.(\w+)\.outputs\.(\w+) \}\}$", told["value"])
        assert output in whole["jobs"][job]["outputs"]


def commands(path: Path) -> Iterator[list[str]]:
    """The words of every command in a file, each pipe, redirection and substitution apart."""
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


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.name)
def test_every_make_target_and_every_command_of_ours_exists(path: Path) -> None:
    for name, *words in commands(path):
        if name in SCRIPTS:
            assert os.access(ROOT / name, os.X_OK)
        elif name == "make":
            targets = [word for word in words if not word.startswith("-") and "=" not in word]
            assert targets
            assert set(targets) <= TARGETS, words
        elif name == "rollback":
            command, *rest = words
            known = get_command(rollback.app).get_command(None, command)  # type: ignore[attr-defined]
            assert known is not None, f"rollback {command}"
            known.make_context(command, rest)


def test_commands_are_found_at_all() -> None:
    found = {words[0] for path in every_file() for words in commands(path)}
    assert {"make", "rollback", *SCRIPTS} <= found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_rights_are_asked_for_job_by_job(path: Path) -> None:
    content = read(path)
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert "permissions" in job
        assert "uses" in job or "timeout-minutes" in job, "without one it is six hours"


def test_only_the_job_that_moves_may_write() -> None:
    for name in UPDATES:
        request, moving = workflow(name)["jobs"].values()
        assert request["permissions"] == {"contents": "read"}
        assert set(moving["permissions"]) == {"contents", "pull-requests", "actions", "id-token"}
        assert "environment" not in request, "a request that is wrong asks nobody"
        assert moving["needs"] == "request"


def test_a_workflow_that_calls_gives_what_the_called_one_asks_for() -> None:
    callers = [job for path in WORKFLOWS for job in read(path)["jobs"].values() if "uses" in job]
    assert len(callers) == 2
    for job in callers:
        called = workflow(Path(job["uses"]).name)
        asked: dict[str, str] = {}
        for each in called["jobs"].values():
            asked |= {right: level for right, level in each["permissions"].items() if asked.get(right) != "write"}
        assert job["permissions"] == asked
        assert job["secrets"] == "inherit"


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.name)
def test_what_people_type_in_reaches_a_shell_only_as_a_variable(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []
    assert not any("secrets." in str(step.get("env", {})) for step in steps(path)), "only the action gets secrets"


@pytest.mark.parametrize("path", every_file(), ids=lambda path: path.name)
def test_no_pipe_hides_the_exit_code_of_what_it_begins_with(path: Path) -> None:
    """`bash -e` is what GitHub runs where no shell is named; with a name it is `bash -eo pipefail`."""
    whole = read(path)
    for step in steps(path):
        run = step.get("run", "")
        if "runs" in whole or re.search(r"\|(?!\|)", run.replace("||", "").replace("|\n", "")):
            shell = step.get("shell") or whole.get("defaults", {}).get("run", {}).get("shell")
            assert "run" not in step or shell == "bash", run
        assert "|| true" not in run
    for script in SCRIPTS:
        assert "\nset -euo pipefail\n" in (ROOT / script).read_text()


def test_the_job_that_comments_runs_nothing_of_the_pull_requests_own() -> None:
    review, post = workflow("policy-review.yml")["jobs"].values()
    assert review["permissions"] == {"contents": "read"}
    assert not any("checkout" in step.get("uses", "") or "./" in step.get("uses", "") for step in post["steps"])
    assert MARK in (FOLDER / "workflows" / "policy-review.yml").read_text()


@pytest.mark.parametrize("name", CHECKS)
def test_the_checks_run_on_pull_requests_and_can_be_dispatched(name: str) -> None:
    assert {"pull_request", "workflow_dispatch"} <= workflow(name)["on"].keys()
    assert "pull_request" in workflow(name)["on"]["workflow_dispatch"]["inputs"]


def test_the_checks_are_started_on_the_pins_pull_request() -> None:
    """GitHub starts none for what a workflow's own token does, but for those that are dispatched."""
    script = (ACTION.parent / "propose-pin.sh").read_text()
    assert f"checks=({' '.join(CHECKS)})" in script
    for name in UPDATES:
        moving = list(workflow(name)["jobs"].values())[1]
        assert moving["permissions"]["actions"] == "write"
        assert moving["steps"][-1]["with"]["propose_pin"] == "true"


def test_the_suite_that_ci_runs_is_the_one_of_a_clean_checkout() -> None:
    assert [step["run"] for step in steps(FOLDER / "workflows" / "tests.yml") if "run" in step] == [
        "make docs",
        ".ci/run",
    ]
    assert {"make check", "make test"} <= set((ROOT / ".ci" / "run").read_text().splitlines())


def test_every_environment_is_named_on_the_page() -> None:
    page = PAGE.read_text()
    names = {*ENVIRONMENTS, *(UNATTENDED.format(each) for each in ENVIRONMENTS)}
    assert {each for each in names if f"`{each}`" not in page} == set()
    for name in UPDATES:
        assert list(workflow(name)["jobs"].values())[1]["environment"] == "${{ needs.request.outputs.gate }}"


@pytest.mark.parametrize("name", CALLED)
def test_every_input_secret_and_output_is_on_the_page(name: str) -> None:
    page, called = PAGE.read_text(), workflow(name)["on"]["workflow_call"]
    told = {*called["inputs"], *called.get("secrets", {}), *called["outputs"]}
    variables = set(re.findall(r"vars\.(\w+)", (FOLDER / "workflows" / name).read_text()))
    assert {each for each in told | variables if f"`{each}`" not in page} == set()


def test_a_rollback_waits_for_no_deployment_and_takes_over() -> None:
    deploying, going_back = (list(workflow(name)["jobs"].values())[1] for name in UPDATES)
    groups = [job["concurrency"]["group"] for job in (deploying, going_back)]
    assert len({re.sub(r"\$\{\{.*", "", group) for group in groups}) == 2
    assert all("needs.request.outputs.environment" in group for group in groups), "both spellings are one group"
    assert not any("concurrency" in workflow(name) for name in UPDATES)
    assert not going_back["concurrency"]["cancel-in-progress"], "no rollback is cut off by another"
    assert going_back["steps"][-1]["with"]["take_over"] == "true"
    assert "take_over" not in deploying["steps"][-1]["with"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_deployment_is_found_by_the_names_that_its_workflow_gives(spelling: str) -> None:
    content = workflow("deploy.yml")
    title = re.sub(r"\$\{\{ inputs\.version.*?\}\}", "v1.2.3", content["run-name"])
    asking, moving = (
        re.sub(r"\$\{\{.*?\}\}", name, job["name"])
        for job, name in zip(content["jobs"].values(), (spelling, SPELLINGS[spelling]), strict=True)
    )
    environment = SPELLINGS[spelling]
    assert take_over.deploys(title.replace("${{ inputs.environment }}", spelling), [], environment)
    assert take_over.deploys("any", [{"name": asking, "status": "queued"}], environment)
    assert take_over.deploys("any", [{"name": f"called / {moving}", "status": "waiting"}], environment)
    back = [re.sub(r"\$\{\{.*?\}\}", spelling, job["name"]) for job in workflow("rollback.yml")["jobs"].values()]
    assert not take_over.deploys("back to v1.2.2", [{"name": name, "status": "queued"} for name in back], environment)


def test_the_review_compares_with_the_base_so_that_findings_stand_on_lines_of_the_change() -> None:
    path = FOLDER / "workflows" / "policy-review.yml"
    (review,) = (words for name, *words in commands(path) if name == "rollback")
    assert review[review.index("--base") + 1] == "main"
    (checkout,) = (step for step in steps(path) if "actions/checkout" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
