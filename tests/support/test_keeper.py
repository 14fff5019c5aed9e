"""What a test process has started ends with it: servers in sessions of their own too, and after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTS = """
import signal, subprocess, sys, time
from tests.support import keeper
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
keeper.begin(patience=1)
polite = subprocess.Popen(["sleep", "300"], start_new_session=True)
command = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(300)"
deaf = subprocess.Popen([sys.executable, "-c", command], start_new_session=True, stdout=subprocess.PIPE)
deaf.stdout.read(1)
print(polite.pid, deaf.pid, flush=True)
time.sleep(300)
"""


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_servers_end_with_the_process_that_started_them(number: signal.Signals) -> None:
    bystander = subprocess.Popen(["sleep", "300"])
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert starter.stdout is not None
        polite, deaf = map(int, starter.stdout.readline().split())
        assert not gone(polite)
        starter.send_signal(number)
        starter.wait(20)
        deadline = time.monotonic() + 90
        while not (gone(polite) and gone(deaf)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert gone(polite)
        assert gone(deaf), "one that doesn't listen is killed"
        assert bystander.poll() is None, "another's process is left alone"
    finally:
        for process in (bystander, starter):
            process.kill()
            process.wait()
