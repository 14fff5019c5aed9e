"""The steps of the action: outputs, exit codes, and one line for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import rollback
from cli.engine import Engine
from cli.pipelines import __main__ as pipelines
from cli.pipelines import take_over
from cli.pipelines.request import understood
from cli.pulumi_command import EngineError

ROOT = Path(__file__).resolve().parents[3]
ASKED = {"command": "deploy", "environment": "prod", "version": "v1.2.2"}


@dataclass
class Step:
    """One step of the action, in this process."""

    monkeypatch: pytest.MonkeyPatch
    file: Path

    def __call__(self, name: str, **inputs: str) -> int:
        self.monkeypatch.setenv("REQUEST", understood({**ASKED, **inputs}).outputs["request"])
        self.monkeypatch.setattr(sys, "argv", ["pipelines", name])
        return pipelines.main()

    @property
    def outputs(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.file.read_text().splitlines())

    def finds(self, *states: dict[str, object] | EngineError) -> None:
        """What the stack's outputs are, one look after the other."""
        left = list(states)

        def outputs(_: Engine) -> dict[str, object]:
            state = left.pop(0)
            if isinstance(state, EngineError):
                raise state
            return state

        self.monkeypatch.setattr(Engine, "outputs", outputs)

    def answers(self, code: int | BaseException) -> list[list[str]]:
        """What ``rollback`` ends with; how it was called."""
        called: list[list[str]] = []

        def main() -> int:
            called.append(list(sys.argv))
            if isinstance(code, BaseException):
                raise code
            return code

        self.monkeypatch.setattr(rollback, "main", main)
        return called


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    (tmp_path / "outputs").touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    return Step(monkeypatch, tmp_path / "outputs")


@pytest.mark.parametrize("code", [0, 1, 2, 130, 255])
def test_the_exit_code_of_the_command_is_the_steps_and_an_output(step: Step, code: int) -> None:
    step.finds({"version": "v1.2.3"}, {"version": "v1.2.2"})
    called = step.answers(code)
    assert step("run") == code
    assert called == [["rollback", "deploy", "v1.2.2", "-s", "prod", "--yes"]]
    assert step.outputs == {"before": "v1.2.3", "exit_code": str(code), "now": "v1.2.2"}


def test_of_one_system_its_own_release_is_told(step: Step) -> None:
    of: list[dict[str, object] | EngineError] = [
        {"version": "v1.2.3", "systems": {"rag-api": {"release": release}}} for release in ("v1.2.3", "v1.2.2")
    ]
    step.finds(*of)
    step.answers(0)
    assert step("run", system="rag-api") == 0
    assert step.outputs == {"before": "v1.2.3", "exit_code": "0", "now": "v1.2.2"}


def test_a_stack_that_is_not_there_yet_or_cannot_be_read_has_no_release(step: Step) -> None:
    step.finds(EngineError("no Pulumi backend answers"), {})
    step.answers(1)
    assert step("run") == 1
    assert step.outputs == {"before": "", "exit_code": "1", "now": ""}


def test_what_breaks_is_told_as_well(step: Step) -> None:
    step.finds({"version": "v1.2.3"}, {"version": "v1.2.3"})
    step.answers(RuntimeError("broken"))
    with pytest.raises(RuntimeError, match="broken"):
        step("run")
    assert step.outputs == {"before": "v1.2.3", "exit_code": "1", "now": "v1.2.3"}


def test_a_command_that_only_looks_has_no_before(step: Step) -> None:
    step.answers(1)
    assert step("run", command="status", version="") == 1
    assert step.outputs == {"exit_code": "1"}


@pytest.mark.parametrize("code", [0, 1])
def test_what_runs_is_shown_on_the_page_with_its_exit_code(
    step: Step, tmp_path: Path, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page"
    step.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n')
    script.chmod(0o755)
    step.monkeypatch.setattr(sys, "executable", str(script))
    assert step("show") == code
    said = "-m cli.rollback status -s prod\n"
    assert capfd.readouterr().out == said
    assert page.read_text() == f"```text\n{said}```\n"


@pytest.mark.parametrize(("ended", "unlocked"), [(0, []), (2, ["cancel --yes --stack prod"])])
def test_a_lock_is_removed_only_where_a_deployment_was_ended(
    step: Step, tmp_path: Path, ended: int, unlocked: list[str]
) -> None:
    step.monkeypatch.setenv("GITHUB_REPOSITORY", "owner/project")
    step.monkeypatch.setattr(take_over, "over", lambda environment, _: ended if environment == "production" else 9)
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit 255\n')
    pulumi.chmod(0o755)
    step.monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "asked").touch()
    assert step("take-over") == 0, "a stack without a lock stops no rollback"
    assert (tmp_path / "asked").read_text().splitlines() == unlocked


def read(tmp_path: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The first step, as the runner starts it."""
    outputs = tmp_path / "outputs"
    outputs.touch()
    done = subprocess.run(
        [sys.executable, "-m", "cli.pipelines", "read"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "GITHUB_OUTPUT": str(outputs),
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


def test_the_request_is_told_to_the_steps_that_follow(tmp_path: Path) -> None:
    done, outputs = read(tmp_path, **ASKED, skip_confirmation="true", skip_approval="false", system="", minutes="60")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(outputs.pop("request"))["arguments"] == ["deploy", "v1.2.2", "-s", "prod", "--yes"]
    assert outputs == {
        "environment": "production",
        "stack": "prod",
        "gate": "production-unattended",
        "region": "us-east-1",
        "version": "v1.2.2",
        "system": "",
        "seconds": "3600",
    }


def test_what_is_wrong_is_one_line_and_no_output(tmp_path: Path) -> None:
    done, outputs = read(tmp_path, **{**ASKED, "environment": "produciton"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "error: environment is 'produciton' (did you mean production?); it has to be one of "
        "dev, staging, production, prod"
    ]
    assert outputs == {}


def test_no_input_writes_an_output_of_its_own(step: Step) -> None:
    inputs = {**ASKED, "command": "review", "version": "", "arguments": "a\ngate=dev"}
    for name, value in inputs.items():
        step.monkeypatch.setenv(f"INPUT_{name.upper()}", value)
    assert step("read") == 0
    gates = [line for line in step.file.read_text().splitlines() if line.startswith("gate=")]
    assert gates == ["gate=production"]


def test_nor_does_what_a_state_tells(step: Step) -> None:
    step.finds({"version": "v1.2.3\nexit_code=0"}, {})
    step.answers(1)
    assert step("run") == 1
    assert step.outputs == {"before": "v1.2.3 exit_code=0", "exit_code": "1", "now": ""}
