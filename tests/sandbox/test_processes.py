"""Servers of the sandbox, with a program of a line in their place."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from sandbox import processes
from sandbox.paths import SandboxError
from sandbox.processes import Server


def speaker(folder: Path, words: str) -> Server:
    return Server("speaker", [sys.executable, "-c", f"print({words!r}, end='')"], lambda: True, folder)


def said(server: Server) -> str:
    assert server.start()
    process = server.process()
    if process:
        process.wait(30)
    return server.log.read_text()


def test_a_start_keeps_what_the_server_said_before(tmp_path: Path) -> None:
    kept = speaker(tmp_path, "").log.with_suffix(".previous.log")
    assert said(speaker(tmp_path, "failed inside")) == "failed inside"
    assert not kept.exists()
    assert said(speaker(tmp_path, "")) == ""
    assert kept.read_text() == "failed inside"
    said(speaker(tmp_path, "second"))
    assert kept.read_text() == "failed inside", "silence is no reason to lose the last words"


def starting(folder: Path, program: str, patience: float) -> Server:
    """A server that is ready once it has printed `ready`."""
    server = Server("slow", [sys.executable, "-uc", program], lambda: server.last_words() == "ready", folder)
    return Server(**{**vars(server), "patience": patience})


SLOW = "import time\nfor n in range(8): print(n); time.sleep(0.3)\nprint('ready'); time.sleep(60)"
STUCK = "import time; print('waiting for the disk'); time.sleep(60)"


@pytest.mark.parametrize("busy", [False, True])
def test_a_start_may_take_as_long_as_it_gets_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    """Busy: each step takes longer than the patience, and so many programs share the machine."""
    monkeypatch.setattr(os, "getloadavg", lambda: (100.0 * (os.cpu_count() or 1), 0, 0))
    if not busy:
        monkeypatch.setattr(processes, "crowd", lambda: 1.0)
    server = starting(tmp_path, SLOW, 0.1 if busy else 1.5)
    assert server.start()
    heard: list[str] = []
    try:
        server.wait(heard.append)
    finally:
        server.stop()
    assert heard[-1] in ("7", "ready")
    assert len(heard) > 3


def test_a_start_that_gets_no_further_says_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "crowd", lambda: 1.0)
    server = starting(tmp_path, STUCK, 3.0)
    assert server.start()
    began = time.monotonic()
    try:
        with pytest.raises(SandboxError, match=r"slow got no further for \d+ s \(waiting for the disk\): see "):
            server.wait()
    finally:
        server.stop()
    assert time.monotonic() - began < 20


def test_how_crowded_a_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for load, share in ((0.0, 1.0), (2.0, 1.0), (30.0, 15.0)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0, 0))
        assert processes.crowd() == share
