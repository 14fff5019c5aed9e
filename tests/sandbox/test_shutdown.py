"""A server ends with its signal, whichever of its threads the system hands it to."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys

import pytest

from tests.support.project import ROOT

SERVER = """
import threading
from sandbox.shutdown import ShutdownSignal
shutdown = ShutdownSignal()
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
print(other.native_id, flush=True)
shutdown.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_signal_to_any_thread_ends_the_wait(thread: str, number: signal.Signals) -> None:
    command = [sys.executable, "-c", SERVER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        other = int(server.stdout.readline())
        # glibc's tgkill: what the kernel does by itself when it thinks that another thread suits better.
        assert ctypes.CDLL(None).tgkill(server.pid, server.pid if thread == "main" else other, int(number)) == 0
        assert server.wait(10) == 0
