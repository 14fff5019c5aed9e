"""Servers of the sandbox, with a program of a line in their place."""

from __future__ import annotations

import sys
from pathlib import Path

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
