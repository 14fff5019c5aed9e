"""What workflows do beside our own commands: a pin becomes a pull request with checks, a rollback ends a deployment."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scripts.review.test_workspace import git

SCRIPTS = Path(__file__).resolve().parents[3] / ".github" / "scripts"


@dataclass(frozen=True)
class Runner:
    """A runner with a checkout, a repository behind it, and commands that write down how they are called."""

    folder: Path
    bin: Path

    def command(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.folder.parent}/asked\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder.parent),
            "STACK": "prod",
            "ENVIRONMENT": "production",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_REF_NAME": "main",
            **more,
        }
        return subprocess.run(
            [SCRIPTS / script],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        path = self.folder.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    (tmp_path / "bin").mkdir()
    folder = tmp_path / "checkout"
    (folder / "stacks").mkdir(parents=True)
    (folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.3\n")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
    made = Runner(folder, tmp_path / "bin")
    made.command("gh", 'case "$1 $2" in "pr view") echo 12;; esac')
    return made


def test_a_pin_that_stays_is_not_proposed(runner: Runner) -> None:
    done = runner.run("propose-pin.sh")
    assert (done.returncode, done.stdout) == (0, "prod stays pinned as it is\n")
    assert runner.asked == []
    assert not (runner.folder / "pin.patch").exists()


def test_a_pin_becomes_a_pull_request_and_the_checks_are_started_on_it(runner: Runner) -> None:
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    (runner.folder / "something-else").write_text("not committed\n")
    done = runner.run("propose-pin.sh")
    assert done.returncode == 0, done.stderr
    branch = "pin/prod-77-2"
    assert git(runner.folder, "ls-remote", "--heads", "origin").endswith(f"refs/heads/{branch}")
    assert git(runner.folder, "show", "--format=%s", "--name-only", "HEAD").split("\n") == [
        "prod is pinned at what it runs",
        "",
        "stacks/Pulumi.prod.yaml",
    ]
    create, view, *started = runner.asked
    assert create.startswith(f"gh pr create --head {branch} --base main --title prod is pinned at what it runs")
    assert "https://github.com/owner/project/actions/runs/77" in create
    assert view.startswith(f"gh pr view {branch}")
    assert started == [
        f"gh workflow run {check} --ref {branch} --field pull_request=12"
        for check in ("tests.yml", "policy-review.yml")
    ]
    assert "+version: v1.2.2" in (runner.folder / "pin.patch").read_text()


@pytest.mark.parametrize("failing", ["push", "pull request"])
def test_a_proposal_that_fails_says_so_and_leaves_the_pin_to_be_kept(runner: Runner, failing: str) -> None:
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    if failing == "push":
        git(runner.folder, "remote", "set-url", "origin", str(runner.folder / "nowhere"))
    else:
        runner.command("gh", "echo 'GitHub Actions is not permitted to create pull requests' >&2; exit 1")
    done = runner.run("propose-pin.sh")
    assert done.returncode != 0
    assert done.stderr
    assert "+version: v1.2.2" in (runner.folder / "pin.patch").read_text()


GH = """\
case "$1 $2" in
  "run list") printf '%s' "$RUNS";;
  "run cancel") touch "$PWD/cancelled-$3";;
  "api --method") touch "$PWD/forced";;
  "run view")
    if [ -e "$PWD/forced" ] || { [ -e "$PWD/cancelled-$3" ] && [ -z "$STUBBORN" ]; }; then echo completed
    else echo in_progress; fi;;
esac
"""


@pytest.fixture
def deploying(runner: Runner) -> Runner:
    runner.command("gh", GH)
    runner.command("pulumi", "exit 255")
    runner.command("sleep", "exit 0")
    return runner


def test_where_nothing_is_deployed_there_is_nothing_to_end(deploying: Runner) -> None:
    done = deploying.run("take-over.sh")
    assert (done.returncode, done.stdout) == (0, "no deployment is under way in production\n")
    assert not any("cancel" in line for line in deploying.asked)


def test_every_deployment_of_the_environment_is_ended_and_its_lock_goes(deploying: Runner) -> None:
    done = deploying.run("take-over.sh", RUNS="41\n42")
    assert done.returncode == 0, done.stderr
    assert [line for line in deploying.asked if "cancel" in line] == [
        "gh run cancel 41",
        "gh run cancel 42",
        "pulumi cancel --yes prod",
    ]
    (listed,) = (line for line in deploying.asked if "run list" in line)
    assert "--workflow deploy.yml" in listed
    assert 'endswith(" to " + env.ENVIRONMENT)' in listed


def test_one_that_does_not_end_is_ended_by_force(deploying: Runner) -> None:
    done = deploying.run("take-over.sh", RUNS="41", STUBBORN="yes", PATIENCE="0")
    assert done.returncode == 0, done.stderr
    assert "gh api --method POST repos/owner/project/actions/runs/41/force-cancel" in deploying.asked


def test_where_the_deployments_cannot_be_listed_nothing_goes_on(deploying: Runner) -> None:
    deploying.command("gh", "echo 'HTTP 403' >&2; exit 1")
    assert deploying.run("take-over.sh").returncode != 0
