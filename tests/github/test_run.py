"""The workflows, run by an implementation that isn't ours (``tests.github.runner`` says what is stood in for)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.github.runner import Runner, git, make
from tests.support.sandbox import RunningSandbox
from toolchain.paths import cache

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

GH = """#!/bin/bash
echo "$*" >> {folder}/asked
case "$1 $2" in
  "run list")
    case "$*" in
      *in_progress*) echo '[{{"databaseId": 41, "displayTitle": "ship"}}, {{"databaseId": 1, "displayTitle": "own"}}]';;
      *) echo '[]';;
    esac;;
  "run view")
    case "$*" in
      *jobs) echo '{{"jobs": [{{"name": "ship / deploy to production", "status": "in_progress"}}]}}';;
      *) echo '{{"status": "completed"}}';;
    esac;;
  "pr view") echo 12;;
esac
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return make(tmp_path_factory.mktemp("runner"))


@pytest.fixture(scope="module")
def asked(runner: Runner) -> Path:
    """Where GitHub's command line writes down how it was called."""
    command = runner.folder / "bin" / "gh"
    command.parent.mkdir()
    command.write_text(GH.format(folder=runner.folder))
    command.chmod(0o755)
    return runner.folder / "asked"


def machine(runner: Runner, **more: str) -> dict[str, str]:
    """What a runner's machine has among its variables."""
    path = f"{runner.folder / 'bin'}:{more.pop('PATH', os.environ['PATH'])}"
    return {"PATH": path, "XDG_CACHE_HOME": str(cache().parent), **more}


WRONG = {
    "a mistyped release": ({"version": "v1.2.9"}, "error: unknown version 'v1.2.9' (did you mean v1.2.3?)"),
    "a mistyped system": ({"version": "v1.2.2", "system": "rag-apo"}, "error: unknown system 'rag-apo'"),
    "no release": ({}, "error: say which release"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_and_nothing_else_begins(runner: Runner, asked: Path, case: str) -> None:
    inputs, said = WRONG[case]
    run = runner.dispatch("rollback.yml", machine(runner), {}, environment="prod", **inputs)
    assert run.code == 1
    (error,) = (line for line in run.printed if line.startswith("error: "))
    assert error.startswith(said)
    assert {job.split("/", 1)[1].strip() for job, _ in run.lines} == {"asked to go back in prod"}
    assert not run.did("The engine")
    assert not asked.exists()


def test_production_is_deployed_and_goes_back(runner: Runner, asked: Path, sandbox: RunningSandbox) -> None:
    variables = machine(runner, **{name: value for name, value in sandbox.environment.items() if name != "KUBECONFIG"})
    secrets = {
        "GITHUB_TOKEN": "token",
        "KUBECONFIG": Path(sandbox.environment["KUBECONFIG"]).read_text(),
    }
    assert sandbox.environment["PULUMI_CONFIG_PASSPHRASE"] == "", "it has no secret of this name"

    # As security-assistant's runbook types it, and through a workflow that calls another.
    run = runner.dispatch("deploy-production.yml", variables, secrets, environment="prod", skip_approval="true")
    assert run.code == 0, run.text
    assert run.outputs("gate")[0] == "production-unattended"
    assert run.outputs("before") == []
    assert set(run.outputs("now")) == {"v1.2.3"}
    assert set(run.outputs("exit_code")) == {"0"}
    assert "prod stays pinned as it is" in run.printed
    assert not asked.exists(), "a deployment ends nobody else's"

    # As rag-api's runbook does.
    run = runner.dispatch(
        "rollback.yml",
        variables,
        secrets,
        environment="production",
        target_version="v1.2.2",
        skip_confirmation="false",
    )
    assert run.code == 0, run.text
    assert run.outputs("gate")[0] == "production"
    assert set(run.outputs("before")) == {"v1.2.3"}
    assert set(run.outputs("now")) == {"v1.2.2"}
    calls = asked.read_text().splitlines()
    assert [call for call in calls if "cancel" in call] == ["run cancel 41"]
    assert [call.split(" --ref")[0] for call in calls if call.startswith("workflow run")] == [
        "workflow run tests.yml",
        "workflow run policy-review.yml",
    ]
    (branch,) = (each.strip() for each in git(runner.project, "branch", "--list", "pin/*").splitlines())
    assert "+  rollback-stack:version: v1.2.2" in git(runner.project, "diff", "main", branch)

    # What fails has its own exit code, and tells what runs all the same.
    broken = {**variables, "PULUMI_CONFIG_PASSPHRASE": "wrong"}
    run = runner.dispatch(
        "rollback.yml", broken, {**secrets, "PULUMI_PASSPHRASE": "wrong"}, environment="prod", version="v1.2.1"
    )
    assert run.code == 1
    assert run.outputs("exit_code")
    assert "0" not in run.outputs("exit_code")
    assert run.did("What runs now")
    assert run.did("Propose the pin")
