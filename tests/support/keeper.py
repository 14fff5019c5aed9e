"""Ends whatever a test process has started, once that process is gone, however it went.

The servers of a sandbox are made to outlive the command that starts them, so an interrupted run leaves them behind.
Everything that a test process starts inherits a mark in its environment, and a keeper beside it waits at a pipe, whose
other end the system closes even after a kill.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

MARK = "ROLLBACK_TEST_PROCESS"
STOP_SECONDS = 20.0
"""What a server may take to save and stop: it is given more than the sandbox itself gives it."""
ROOT = Path(__file__).resolve().parents[2]

_pipes: list[int] = []


def begin(patience: float = STOP_SECONDS) -> None:
    """Mark this process's children from now on, and start their keeper, which gives them `patience` seconds to end."""
    os.environ[MARK] = uuid.uuid4().hex
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    subprocess.Popen(
        [sys.executable, "-m", "tests.support.keeper", os.environ[MARK], str(reading), str(patience)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != MARK},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(reading,),
        start_new_session=True,
    )
    os.close(reading)
    _pipes.append(writing)


def marked(mark: str) -> list[psutil.Process]:
    """The processes that bear a mark, and run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end(mark: str, patience: float) -> None:
    """Ask every process with this mark to end, and kill those that don't within `patience` seconds."""
    deadline = time.monotonic() + patience
    asked: set[int] = set()
    while left := marked(mark):
        for process in left:
            with contextlib.suppress(psutil.Error):
                if time.monotonic() > deadline:
                    process.kill()
                elif process.pid not in asked:
                    process.terminate()
        asked |= {process.pid for process in left}
        time.sleep(0.2)


if __name__ == "__main__":
    while os.read(int(sys.argv[2]), 1):
        pass
    end(sys.argv[1], float(sys.argv[3]))
