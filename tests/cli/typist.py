"""A stack whose engine is stood in for, and somebody who types commands on it."""

from __future__ import annotations

import copy
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cli import rollback
from cli.engine import Snapshot
from cli.health.status import Running
from stacks.file import path_of, read
from stacks.selection import select
from stacks.settings import StackSettings

OLD, NEW, OTHER = "v1.2.2", "v1.2.3", "v1.2.1"
COMMAND = re.compile(r"`(rollback [^`]*)`")
SYSTEMS = ("async-rag", "rag-api", "security-assistant")
ROOT = "urn:pulumi:prod::rollback-stack::pulumi:pulumi:Stack::rollback-stack-prod"
MOVES, STAYS, BETWEEN = "moves", "stays", "between"
COMMAND_LINE = typer.main.get_command(rollback.app)


@dataclass
class World:
    """A stack, and what an update makes of it."""

    folder: Path
    running: dict[str, str | None]
    """System -> the release that users get; None where it is between two."""
    outputs: dict[str, Any] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    """System -> how it ends, where it has to move; it moves where nothing is said."""
    history: list[dict[str, Any]] = field(default_factory=list)
    code: int = 0
    """What the engine ends with where every system moves."""
    interrupted: bool = False
    """Whether somebody types Ctrl-C during the update."""
    fails: set[str] = field(default_factory=set)
    """The systems whose check fails."""

    def settings(self, changes: Mapping[str, str | None] | None = None) -> StackSettings:
        return read("prod", changes, self.folder)

    def configure(self, changes: Mapping[str, str | None], settings: Path | None = None) -> None:
        path = settings or path_of("prod", self.folder)
        content = yaml.safe_load(path.read_text())
        for key, value in changes.items():
            content["config"].pop(key, None)
            if value is not None:
                content["config"][key] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def up(self, settings: Path, log: Path) -> int:
        asked = read("prod", None, _moved_to(settings))
        before = dict(self.running)
        for system, chosen in select(asked).items():
            if self.running.get(system) == chosen.version:
                continue
            end = self.ends.get(system, MOVES)
            self.running[system] = {MOVES: chosen.version, BETWEEN: None}.get(end, self.running.get(system))
        moved = all(self.running.get(name) == chosen.version for name, chosen in select(asked).items())
        code = self.code if moved else 255
        self.history.insert(0, {"result": "failed" if code else "succeeded"})
        log.write_text("".join(f"{json.dumps(each)}\n" for each in self._events(asked, before)))
        if not code:
            self.deployed(asked)
        return code

    def _events(self, asked: StackSettings, before: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
        """What the engine would tell: each system is one component with one resource."""
        wanted = {name: chosen.version for name, chosen in select(asked).items()}
        moved = sum(self.running[name] == wanted[name] != before[name] for name in wanted)
        for system, version in wanted.items():
            if self.running[system] != version:
                urn, parent = urns(system)
                yield {"resourcePreEvent": {"metadata": {"urn": urn, "new": {"parent": parent}}}}
                yield {"diagnosticEvent": {"urn": urn, "severity": "error", "message": "said by the engine"}}
        changes = {"update": moved, "same": len(wanted) - moved}
        yield {"summaryEvent": {"resourceChanges": {op: count for op, count in changes.items() if count}}}

    def deployed(self, settings: StackSettings) -> None:
        systems = {name: {"release": each.version} for name, each in select(settings).items()}
        self.outputs = {"version": settings.project.version, "systems": systems}

    def snapshot(self) -> Snapshot:
        stack = {"type": "pulumi:pulumi:Stack", "urn": ROOT, "outputs": copy.deepcopy(self.outputs)}
        systems = [{"type": "rollback-stack:systems:Any", "urn": urns(name)[1], "parent": ROOT} for name in SYSTEMS]
        return Snapshot({"deployment": {"resources": [stack, *systems]}}, list(self.history))

    def look(self, settings: StackSettings, outputs: Mapping[str, Any]) -> list[Running]:
        return [
            row(name, chosen.version, outputs["systems"][name]["release"], self.running[name])
            for name, chosen in select(settings).items()
            if name in (outputs.get("systems") or {})
        ]

    def pinned(self) -> dict[str, str]:
        settings = self.settings()
        return {name: settings.pin(name) for name in SYSTEMS}


def urns(system: str) -> tuple[str, str]:
    """Of a system's only resource, and of the system."""
    stem = "urn:pulumi:prod::rollback-stack::rollback-stack:systems:Any"
    return f"{stem}$aws:lambda/alias:Alias::{system}-live", f"{stem}::{system}"


def row(system: str, pinned: str, deployed: str, release: str | None) -> Running:
    return Running(
        system=system,
        pinned=pinned,
        deployed=deployed,
        release=release,
        runs=release or "mixed",
        as_asked=release == pinned,
        drift=(),
        moving=(),
        notes=(),
        failures=(),
        addresses={},
        look="",
    )


def _moved_to(settings: Path) -> Path:
    """A folder in which a copy has the stack's file's name."""
    folder = settings.parent / "engine"
    folder.mkdir(exist_ok=True)
    shutil.copy(settings, path_of("prod", folder))
    return folder


@dataclass
class Typist:
    """Types commands on a world, and reads what they print."""

    world: World
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def type(self, command: str, world: World | None = None) -> tuple[int, str]:
        before, self.world = self.world, world or self.world
        self.monkeypatch.setattr("sys.argv", shlex.split(command))
        self.capsys.readouterr()
        try:
            code = rollback.main()
        finally:
            self.world = before
        done = self.capsys.readouterr()
        return code, done.out + done.err

    def clone(self, place: Path) -> World:
        shutil.copytree(self.world.folder, place, dirs_exist_ok=True)
        world = copy.deepcopy(self.world)
        world.folder, world.ends, world.code, world.fails = place, {}, 0, set()
        world.interrupted = False
        return world


def follows_its_advice(typist: Typist, said: str, before: Mapping[str, str], wanted: Mapping[str, str]) -> int:
    """Type each command that was printed in a world of its own; how many there were."""
    now, number = dict(typist.world.running), 0
    goes_back = {name: release or before[name] for name, release in now.items()}
    for line in said.splitlines():
        commands = COMMAND.findall(line)
        if not commands:
            continue
        number += len(commands)
        world = typist.clone(typist.world.folder.parent / f"clone {number}")
        for command in commands:
            code, told = typist.type(command, world)
            assert code == 0, f"{line}\n{told}"
        if "; back: " in line or " back to " in line:
            system = line.split()[1]
            assert world.running == {**goes_back, system: before[system]}, line
        elif "all of them back" in line:
            assert world.running == before, line
        elif "try again" in line or "to continue" in line:
            assert world.running == {**goes_back, **wanted}, line
        elif "moves it too" in line:
            assert set(world.running.values()) == {NEW}, line
        else:
            raise AssertionError(f"nobody looked where this leads: {line}")
        assert world.pinned() == world.running, line
    return number
