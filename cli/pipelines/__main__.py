"""``python -m cli.pipelines``: what the action ``.github/actions/rollback`` runs.

``read`` says what is asked for, ``run`` does it, ``show`` says what runs, ``take-over`` ends the deployments under way.
What was asked for comes in variables, never as an argument, so no shell sees it: ``INPUT_VERSION`` and the like, and
from then on ``REQUEST``, what the first step made of them. Outputs go to the file that ``GITHUB_OUTPUT`` names (GitHub
documentation, "Workflow commands for GitHub Actions").
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import typer

from cli import rollback
from cli.engine import Engine
from cli.errors import run
from cli.pipelines import take_over as taking_over
from cli.pipelines.request import PipelineRequest, of_json, understood
from cli.pulumi_command import EngineError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
INPUT = "INPUT_"
"""What the names of inputs begin with among the variables, as GitHub has it for actions."""


@app.command("read")
def read_request() -> None:
    """Say what is asked for; refuse what is wrong."""
    inputs = {name.removeprefix(INPUT).lower(): value for name, value in os.environ.items() if name.startswith(INPUT)}
    _tell(understood(inputs).outputs)


@app.command("run")
def run_request() -> None:
    """Do what is asked for; the exit code is that of the command."""
    request = _asked()
    if request.updates:
        _tell({"before": _deployed(request)})
    code = 1
    try:
        code = _command(request.arguments)
    finally:
        _tell({"exit_code": str(code)})
        if request.updates:
            _tell({"now": _deployed(request)})
    raise typer.Exit(code)


@app.command("show")
def show() -> None:
    """What runs now, here and on the run's page; the exit code is that of ``rollback status``."""
    command = [sys.executable, "-m", "cli.rollback", "status", "-s", _asked().stack]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as summary:
            summary.write(f"```text\n{done.stdout}```\n")
    raise typer.Exit(done.returncode)


@app.command("take-over")
def take_over() -> None:
    """End the deployments that are under way in the environment, and the lock that one may leave."""
    request = _asked()
    if taking_over.over(request.environment, taking_over.repositories(os.environ)):
        # The engine of a run that was ended leaves its lock. Without one this fails, and nothing is in the way.
        subprocess.run(["pulumi", "cancel", "--yes", "--stack", request.stack], check=False)


def _asked() -> PipelineRequest:
    return of_json(os.environ["REQUEST"])


def _command(arguments: tuple[str, ...]) -> int:
    """``rollback`` in this very process, so that what a runner sends to end a step reaches the command itself."""
    before = sys.argv
    sys.argv = ["rollback", *arguments]
    try:
        return rollback.main()
    finally:
        sys.argv = before


def _deployed(request: PipelineRequest) -> str:
    """The release that the last update left; empty before the first one, and where nobody can tell."""
    try:
        outputs = Engine(request.stack).outputs()
    except EngineError as error:
        print(f"what {request.stack} runs isn't known: {error}", file=sys.stderr)
        return ""
    of_system = (outputs.get("systems") or {}).get(request.system) or {}
    return str((of_system.get("release") if request.system else outputs.get("version")) or "")


def _tell(outputs: Mapping[str, str]) -> None:
    """Outputs of a step; on a laptop they are printed. A value is one line: another would be an output of its own."""
    lines = "".join(f"{name}={' '.join(value.split())}\n" for name, value in outputs.items())
    if file := os.environ.get("GITHUB_OUTPUT"):
        with Path(file).open("a", encoding="utf-8") as told:
            told.write(lines)
    else:
        print(lines, end="")


def main() -> int:
    """An error that a person can fix is one line."""
    return run(app, "pipelines")


if __name__ == "__main__":
    sys.exit(main())
