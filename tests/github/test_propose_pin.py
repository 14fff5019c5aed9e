"""What the action does beside our own commands: a pin becomes a pull request with checks."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.review.test_workspace import git
from tests.github.reading import ACTION


@dataclass(frozen=True)
class Runner:
    """A runner with a checkout, a repository behind it, and commands that write down how they are called."""

    folder: Path
    bin: Path

    def command(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >> {self.folder.parent}/asked\n{body}\n')
        path.chmod(0o755)

    def run(self, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder.parent),
            "STACK": "prod",
            "RUNNER_TEMP": str(self.folder.parent / "temp"),
            "GITHUB_OUTPUT": str(self.folder.parent / "temp" / "outputs"),
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "owner/project",
            "GITHUB_REF_NAME": "main",
            **more,
        }
        return subprocess.run(
            [ACTION.with_name("propose-pin.sh")],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def kept(self) -> str:
        """What an artifact is made of."""
        outputs = (self.folder.parent / "temp" / "outputs").read_text()
        return Path(outputs.strip().removeprefix("patch=")).read_text() if outputs else ""

    @property
    def asked(self) -> list[str]:
        path = self.folder.parent / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    (tmp_path / "bin").mkdir()
    (tmp_path / "temp").mkdir()
    (tmp_path / "temp" / "outputs").touch()
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
    done = runner.run()
    assert (done.returncode, done.stdout) == (0, "prod stays pinned as it is\n")
    assert runner.asked == []
    assert runner.kept == ""


def test_a_pin_becomes_a_pull_request_and_the_checks_are_started_on_it(runner: Runner) -> None:
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    (runner.folder / "something-else").write_text("not committed\n")
    done = runner.run()
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
    assert "+version: v1.2.2" in runner.kept


@pytest.mark.parametrize("failing", ["push", "pull request"])
def test_a_proposal_that_fails_says_so_and_leaves_the_pin_to_be_kept(runner: Runner, failing: str) -> None:
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    if failing == "push":
        git(runner.folder, "remote", "set-url", "origin", str(runner.folder / "nowhere"))
    else:
        runner.command("gh", "echo 'GitHub Actions is not permitted to create pull requests' >&2; exit 1")
    done = runner.run()
    assert done.returncode != 0
    assert done.stderr
    assert "+version: v1.2.2" in runner.kept


def test_the_pull_request_is_against_the_branch_that_was_checked_out(runner: Runner) -> None:
    """Where another repository called, GITHUB_REF_NAME is a branch of that one."""
    git(runner.folder, "switch", "--quiet", "--create", "stable")
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    assert runner.run(GITHUB_REF_NAME="feature").returncode == 0
    assert "--base stable " in runner.asked[0]


def test_a_commit_that_was_checked_out_has_the_runs_own_branch(runner: Runner) -> None:
    git(runner.folder, "switch", "--quiet", "--detach")
    (runner.folder / "stacks" / "Pulumi.prod.yaml").write_text("version: v1.2.2\n")
    assert runner.run().returncode == 0
    assert "--base main " in runner.asked[0]
