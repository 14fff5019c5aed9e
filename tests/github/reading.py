"""Workflows and actions as their tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github"
WORKFLOWS = sorted((FOLDER / "workflows").glob("*.y*ml"))
ACTIONS = sorted((FOLDER / "actions").glob("*/action.y*ml"))
ACTION = FOLDER / "actions" / "rollback" / "action.yml"
OURS = "./.github/actions/rollback"
PAGE = ROOT / "docs" / "workflows.md"


def read(path: Path) -> dict[str, Any]:
    """A workflow or an action; YAML takes the key ``on`` for true."""
    content = yaml.safe_load(path.read_text())
    return {"on": content.pop(True), **content} if True in content else content


def workflow(name: str) -> dict[str, Any]:
    return read(FOLDER / "workflows" / name)


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of a file, whatever job they belong to."""
    content = read(path)
    if "runs" in content:
        return list(content["runs"]["steps"])
    return [step for job in content["jobs"].values() for step in job.get("steps", [])]


def every_file() -> list[Path]:
    return [*WORKFLOWS, *ACTIONS]


def uses(path: Path) -> Iterator[tuple[str, str]]:
    """What a file uses, and the rest of the line."""
    for line in path.read_text().splitlines():
        if found := re.match(r"\s*(?:- )?uses: (\S+)(.*)$", line):
            yield found[1], found[2]
