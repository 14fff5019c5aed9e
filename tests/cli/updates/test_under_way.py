"""Whose update is under way: a command of this checkout, or an engine that holds the stack."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.engine import Engine, Snapshot
from cli.updates import pins, under_way
from stacks.file import FOLDER, path_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with prod's file, and a backend of files in which nothing is locked."""
    shutil.copy(path_of("prod", FOLDER), tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setattr(pins, "holder", lambda stack, holder=pins.holder: holder(stack, tmp_path))
    return tmp_path


def lock(folder: Path, **owner: Any) -> None:
    place = folder / ".pulumi" / "locks" / "organization" / "rollback-stack" / "prod"
    place.mkdir(parents=True)
    told = {"pid": os.getpid(), "hostname": socket.gethostname(), "username": "ada", **owner}
    (place / "0a1b.json").write_text(json.dumps(told))


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_command_of_this_checkout_is_told_as_it_was_typed(folder: Path) -> None:
    assert under_way.find(Engine("prod")) is None
    with pins.held("prod", "rollback deploy v1.3.0 -s prod", folder):
        assert under_way.find(Engine("prod")) == f"the update of pid {os.getpid()}, `rollback deploy v1.3.0 -s prod`"
    assert under_way.find(Engine("prod")) is None


def test_who_looks_does_not_keep_an_update_from_its_lock(folder: Path) -> None:
    import fcntl
    import threading

    with pins.held("prod", "first", folder):
        pass
    with (folder / ".Pulumi.prod.lock").open() as looks:
        fcntl.flock(looks, fcntl.LOCK_SH)
        threading.Timer(pins.PEEK / 2, fcntl.flock, [looks, fcntl.LOCK_UN]).start()
        with pins.held("prod", "second", folder):
            pass


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        ({}, f"an update by ada (pid {os.getpid()} on {socket.gethostname()}, since 0 min)"),
        ({"hostname": "runner-7", "pid": 42}, "an update by ada (pid 42 on runner-7, since 0 min)"),
        ({"pid": dead_pid()}, None),
        ({"pid": "x"}, None),
    ],
    ids=["ours", "another machine's", "dead", "unreadable"],  # the same in every worker, which a pid isn't
)
def test_an_engine_that_holds_the_stack(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: dict[str, Any], told: str | None
) -> None:
    monkeypatch.setattr("cli.engine._alive", lambda pid: pid == os.getpid())
    lock(folder, **owner)
    assert under_way.find(Engine("prod")) == told


@pytest.mark.parametrize(("pending", "told"), [([], False), ([{"type": "creating"}], True)])
def test_a_backend_without_locks_of_files_tells_by_the_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch, pending: list[Any], told: bool
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://states")
    monkeypatch.setattr(Engine, "state", lambda _: Snapshot({"deployment": {"pending_operations": pending}}, []).state)
    assert bool(under_way.find(Engine("prod"))) is told
