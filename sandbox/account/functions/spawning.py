"""Start processes for functions, through the fork server where there is one.

When the fork server dies, its environments count as ended and are killed at their next use; a new one makes new ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

FORK_SERVER = Path(__file__).with_name("fork_server.py")
BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")


class Child:
    """A process that the fork server forked, with the parts of Popen's interface that environments need."""

    def __init__(self, pid: int, output: int, status: int) -> None:
        self.pid = pid
        self.stdout = os.fdopen(output, "rb", buffering=0)
        self._status = status
        self._code: int | None = None
        self._ending = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit status, None while the process runs."""
        if not self._ending.acquire(blocking=False):
            return None  # somebody waits for its end already
        try:
            ended = self._code is None and select.select([self._status], [], [], 0)[0]
        finally:
            self._ending.release()
        return self.wait() if ended else self._code

    def wait(self) -> int:
        """Wait for the process to end; returns its exit status (a negative signal number where one killed it).

        The invocation and the server's stop may both wait: the descriptor is read and closed once.
        """
        with self._ending:
            if self._code is None:
                text = os.read(self._status, 32)
                self._code = int(text) if text else -9  # the fork server itself is gone
                os.close(self._status)
            return self._code


_lock = threading.Lock()
_link: socket.socket | None = None


def _nursery() -> socket.socket:
    """Return the socket to the fork server, starting it at first use."""
    global _link  # noqa: PLW0603 - one fork server per server
    if _link is None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        command = [sys.executable, str(FORK_SERVER), str(theirs.fileno())]
        subprocess.Popen(command, env=environment, pass_fds=(theirs.fileno(),), cwd="/", stdin=subprocess.DEVNULL)
        theirs.close()
        ours.settimeout(30)
        _link = ours
    return _link


def start(folder: Path, environment: dict[str, str], calls: int, results: int) -> Any:
    """Start a function's process in `folder`; returns a Child, or a Popen where there is no fork server.

    It reads events from the descriptor `calls`, writes results to `results`; both stay the caller's to close.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            return _fork(folder, environment, calls, results)
    return subprocess.Popen(
        [sys.executable, str(BOOTSTRAP), str(calls), str(results)],
        cwd=folder,
        env=environment,
        pass_fds=(calls, results),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _fork(folder: Path, environment: dict[str, str], calls: int, results: int) -> Child:
    global _link  # noqa: PLW0603
    request = json.dumps({"cwd": str(folder), "env": environment, "script": str(BOOTSTRAP)}).encode()
    output_read, output_write = os.pipe()
    status_read, status_write = os.pipe()
    try:
        with _lock:
            try:
                link = _nursery()
                socket.send_fds(link, [request], [calls, results, output_write, status_write])
                pid = int(link.recv(64))
            except (OSError, ValueError):
                _link = None  # the next start makes a new one
                raise
    except (OSError, ValueError):
        os.close(output_read)
        os.close(status_read)
        raise
    finally:
        os.close(output_write)
        os.close(status_write)
    return Child(pid, output_read, status_read)
