"""One long-running program of a host: nginx, the database server or pm2."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.host import orphans

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
STOP_SECONDS = 8.0
READY_SECONDS = 30.0


class ServiceError(RuntimeError):
    """A program of the host doesn't start; the text is one line."""


@dataclass
class Service:
    """How a program is started, known to be ready, and ended."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool]
    log: Path
    port: int | None = None
    """The port on 127.0.0.1 that it takes itself, if it takes one."""
    stop_signal: signal.Signals = signal.SIGTERM
    marks: Sequence[Path] = ()
    """Files that it makes when it starts; those that a killed one left would be taken for its own."""
    after_start: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def start(self, cancelled: threading.Event) -> None:
        """Start it and wait until it is ready; less long when that is cancelled. Raises ServiceError.

        It ends when the calling thread does: see `die_with_parent`.
        """
        if self.process is not None:
            # nginx's workers outlive a master that is killed, and hold its port.
            orphans.end_session(self.process.pid, self.name)
        if self.port is not None and taken(self.port):
            raise ServiceError(f"port {self.port} on 127.0.0.1 is taken by another program: {self.name} needs it")
        for mark in self.marks:
            mark.unlink(missing_ok=True)
        tied = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(int(self.stop_signal)), str(os.getpid())]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*tied, *self.command],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        self._wait(cancelled)
        self.after_start()

    def _wait(self, cancelled: threading.Event) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready():
            if not self.running:
                raise ServiceError(f"{self.name} ended while starting: {self.last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                raise ServiceError(f"{self.name} isn't ready after {READY_SECONDS:.0f} s; see {self.log}")
            if cancelled.wait(0.05):
                raise ServiceError(f"{self.name} isn't waited for: the host ends")

    def stop(self) -> None:
        """Ask it to end, and kill it with all of its session where it doesn't."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_words(self) -> str:
        """Return the last line it printed."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it printed nothing"


def taken(port: int) -> bool:
    """Return whether somebody listens on a port of 127.0.0.1."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def listens(port: int) -> Callable[[], bool]:
    """Return a check whether a connection to a port succeeds."""

    def check() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return check
