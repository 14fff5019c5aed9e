"""One run of checkov over a plan and manifests, in its own environment and offline."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from core.model import Model
from policies.checkov import environment
from policies.checkov.errors import CheckovError

WORKER = Path(__file__).parent / "worker"
CHECKS = Path(__file__).parent / "checks"
PLAN = "plan.json"
HOLES = "holes.json"
PATIENCE = 600.0
"""Seconds; 5,000 resources take far less."""


class Record(Model):
    """A check that looked at a resource."""

    check: str
    title: str
    result: Literal["PASSED", "FAILED", "SKIPPED", "UNKNOWN"]
    resource: str
    """The address in the plan, or checkov's name for a manifest."""
    file: str
    evaluated: tuple[str, ...]
    """The attributes that it looked at, as far as checkov tells."""
    comment: str | None
    """Why the manifest itself asks to be skipped (the annotation ``checkov.io/skip1``)."""


class Broken(Model):
    """A check that failed itself."""

    check: str
    resource: str
    file: str
    said: str


class Open(Model):
    """A check whose verdict hangs on what can't be told."""

    check: str
    title: str
    resource: str
    file: str
    causes: tuple[str, ...]
    """The arguments that it hangs on."""


class Run(Model):
    """What the worker writes."""

    records: tuple[Record, ...]
    undecided: tuple[Open, ...]
    broken: tuple[Broken, ...]
    refused: tuple[str, ...]
    """Connections that were tried, and refused."""


NOTHING = Run(records=(), undecided=(), broken=(), refused=())


def run(plan: Mapping[str, Any] | None, manifests: Mapping[str, str], holes: str = "{}") -> Run:
    """Scan. The files lie in a folder that only this user can read, for as long as the scan takes.

    Raises ``CheckovError`` where checkov can't be installed or ends badly.
    """
    python = environment.python()
    with tempfile.TemporaryDirectory(prefix="checkov-") as scratch:
        folder = Path(scratch)
        write(folder, plan, manifests, holes)
        output = folder / "results.json"
        command = [str(python), "-I", "-B", str(WORKER), str(folder), str(output), str(CHECKS)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=surroundings(folder),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckovError(f"checkov didn't run: {error}") from None
        if done.returncode != 0 or not output.exists():
            said = (done.stderr or done.stdout).strip().splitlines()
            raise CheckovError(f"checkov failed: {said[-1] if said else f'exit code {done.returncode}'}")
        try:
            return Run.model_validate_json(output.read_bytes())
        except ValidationError as error:
            raise CheckovError(f"checkov answered in an unknown form: {error.errors()[0]['msg']}") from None


def write(folder: Path, plan: Mapping[str, Any] | None, manifests: Mapping[str, str], holes: str = "{}") -> None:
    """The files that the worker reads; ``holes`` is the text of ``policies.checkov.holes.Holes``."""
    (folder / HOLES).write_text(holes)
    if plan is not None:
        (folder / PLAN).write_text(json.dumps(plan, indent=1))
    if manifests:
        (folder / "manifests").mkdir()
        for name, text in manifests.items():
            (folder / "manifests" / name).write_text(text)


def surroundings(folder: Path) -> dict[str, str]:
    """checkov's environment variables: none of the user's, so no API key, configuration file or proxy is found.

    No processes are forked for a few hundred resources.
    """
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHECKOV_PARALLELIZATION_TYPE": "none",
    }
