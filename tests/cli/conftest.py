"""prod in a world of its own, for commands that are typed."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli import rollback
from cli.engine import Engine
from cli.health.smoke_tests import Check
from cli.health.status import Running
from cli.updates import drift, interruption, pins, removals
from cli.updates import update as updating
from guard.command import auditing
from stacks.file import FOLDER, path_of, read
from stacks.settings import StackSettings
from tests.cli.typist import COMMAND_LINE, OLD, SYSTEMS, Typist, World


@pytest.fixture
def typist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typist:
    folder = tmp_path / "stacks"
    folder.mkdir()
    shutil.copy(path_of("prod", FOLDER), folder)
    world = World(folder, dict.fromkeys(SYSTEMS, OLD))
    world.configure({pins.VERSION: OLD, "rollback-stack:systems": "[" + ", ".join(f'"{s}"' for s in SYSTEMS) + "]"})
    world.deployed(world.settings())
    world.history = [{"result": "succeeded"}]
    made = Typist(world, capsys, monkeypatch)

    @contextmanager
    def copied(stack: str) -> Iterator[Path]:
        with copied_in(stack, made.world.folder) as path:
            yield path

    def look(settings: StackSettings, outputs: Mapping[str, Any]) -> list[Running]:
        return made.world.look(settings, outputs)

    @contextmanager
    def held(stack: str, command: str = "") -> Iterator[None]:
        with held_in(stack, command, made.world.folder):
            yield

    copied_in, abandoned_in, held_in = pins.copied, pins.abandoned, pins.held
    monkeypatch.setattr(pins, "held", held)
    monkeypatch.setattr(rollback, "app", COMMAND_LINE)
    for name in ("up", "configure"):
        monkeypatch.setattr(Engine, name, functools.partialmethod(_engine_method(made, name)))
    monkeypatch.setattr(Engine, "prepare", lambda *_: made.world.snapshot())
    monkeypatch.setattr(Engine, "snapshot", lambda _: made.world.snapshot())
    monkeypatch.setattr(Engine, "history", lambda _: made.world.history)
    monkeypatch.setattr(updating, "read", lambda stack, changes=None: read(stack, changes, made.world.folder))
    monkeypatch.setattr(updating, "announce", lambda *_, **__: "1")
    monkeypatch.setattr(auditing, "note_update", lambda *_, **__: None)
    monkeypatch.setattr("cli.preflight.check", lambda *_: None)
    monkeypatch.setattr(drift, "prepare", lambda *_: None)
    monkeypatch.setattr(interruption, "settle", lambda *_: None)
    monkeypatch.setattr(interruption, "was_interrupted", lambda: made.world.interrupted)
    monkeypatch.setattr(removals, "agreed", lambda *_, **__: None)
    monkeypatch.setattr(pins, "copied", copied)
    monkeypatch.setattr(pins, "abandoned", lambda stack: abandoned_in(stack, made.world.folder))
    monkeypatch.setattr("cli.health.status.look", look)
    monkeypatch.setattr(
        "cli.health.smoke_tests.check",
        lambda outputs, _: [Check(name, "health", name not in made.world.fails, "said") for name in outputs["systems"]],
    )
    return made


def _engine_method(typist: Typist, name: str) -> Any:
    return lambda _, *given: getattr(typist.world, name)(*given)
