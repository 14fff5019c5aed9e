"""By which releases it is told where an update has left each system, and what a running one keeps to itself."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.health.status import Running
from cli.updates import pins
from cli.updates import update as updating
from stacks.file import FOLDER, path_of, read
from stacks.settings import StackSettings

SYSTEMS = ("async-rag", "rag-api", "security-assistant")
OLD, OTHER = "v1.2.2", "v1.2.1"


def test_where_a_system_comes_from_is_what_several_fitting_releases_are_told_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The state of an update that failed still tells of the last good one, which isn't what ran before."""
    asked: list[dict[str, str]] = []

    def look(_: StackSettings, outputs: Mapping[str, Any]) -> list[Running]:
        asked.append({name: told["release"] for name, told in outputs["systems"].items()})
        return []

    monkeypatch.setattr("cli.health.status.look", look)
    outputs = {"systems": {name: {"release": OTHER} for name in SYSTEMS}}
    updating.stand(read("prod"), outputs, {"rag-api": OLD})
    assert asked == [{**dict.fromkeys(SYSTEMS, OTHER), "rag-api": OLD}]


def test_the_copy_of_an_update_that_runs_is_no_killed_one(tmp_path: Path) -> None:
    shutil.copy(path_of("prod", FOLDER), tmp_path)
    with pins.copied("prod", tmp_path) as path:
        path.write_text(path.read_text().replace("version: v1.2.3", f"version: {OLD}"))
        assert pins.abandoned("prod", tmp_path) == []
        assert path.exists()
    assert list(tmp_path.iterdir()) == [path_of("prod", tmp_path)]
