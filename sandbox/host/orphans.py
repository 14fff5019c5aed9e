"""Ends what a host that was killed may have left behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

MARK = "HOST_ROOT"
"""The variable of the environment that every program of a host has; its value is the host's folder."""

GRACE_SECONDS = 6.0
"""How long they may take to end by themselves; pm2 gives an application five seconds."""

ROUNDS = 5
"""A process that is about to end may start another one, so one look isn't enough."""


def end(root: Path, sessions: Mapping[int, str]) -> list[str]:
    """End every process of the host in a folder; returns their names.

    sessions: programs by the session that was made for them. nginx overwrites the environment that it shows, and is
    known by its session instead.
    """
    return _end(lambda process: _environment(process).get(MARK) == str(root) or _of_session(process, sessions))


def end_session(session: int, program: str) -> None:
    """End what a program that is gone itself has left in its session."""
    _end(lambda process: _of_session(process, {session: program}))


def _end(belongs: Callable[[psutil.Process], bool]) -> list[str]:
    ended: list[str] = []
    for _ in range(ROUNDS):
        found = [each for each in psutil.process_iter() if each.pid != os.getpid() and belongs(each)]
        if not found:
            break
        for process in found:
            with contextlib.suppress(psutil.Error):
                ended.append(process.name())
                process.terminate()
        _, alive = psutil.wait_procs(found, timeout=GRACE_SECONDS)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=GRACE_SECONDS)
    return ended


def _environment(process: psutil.Process) -> Mapping[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}


def _of_session(process: psutil.Process, sessions: Mapping[int, str]) -> bool:
    """Whether a process belongs to a session and runs its program: a number may be used anew by another session."""
    try:
        return sessions.get(os.getsid(process.pid)) == process.name()
    except (psutil.Error, OSError):
        return False
