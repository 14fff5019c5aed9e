"""Starting, watching and ending the sandbox's servers, each by its own pid."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sandbox.paths import SandboxError

STOP_SECONDS = 15.0
"""How long a server may take to save and stop before it is killed."""
RELEASE_SECONDS = 5.0
"""How long the ports of a server that has ended are waited for."""


def crowd() -> float:
    """How many programs share a processor, over the last minute; at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@dataclass(frozen=True)
class Server:
    """One server of the sandbox."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    folder: Path
    """The state folder: the pid goes to ``run/``, what the server says to ``logs/``."""
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float = 60.0
    """Seconds without progress until a start counts as failed, on a machine with nothing else to do."""
    ports: Sequence[int] = ()
    """The ports on 127.0.0.1 that it listens on."""

    @property
    def pid_file(self) -> Path:
        """Holds the pid and the time the process started, so that a pid used anew isn't mistaken for ours."""
        return self.folder / "run" / f"{self.name}.pid"

    @property
    def log(self) -> Path:
        """What the server printed since it was started last; what it printed before is in ``<name>.previous.log``."""
        return self.folder / "logs" / f"{self.name}.log"

    def process(self) -> psutil.Process | None:
        """The running process, if it is still the one that was started here."""
        try:
            pid, started = self.pid_file.read_text().split()
            process = psutil.Process(int(pid))
            alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            return process if alive and abs(process.create_time() - float(started)) < 1 else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    def check_ports(self) -> None:
        """Raise ``SandboxError`` when another program listens on a port of this server, which doesn't run."""
        port = None if self.process() else self._taken_port()
        if port is not None:
            raise SandboxError(
                f"port {port} on 127.0.0.1 is taken by another program: end it, the sandbox's {self.name} "
                "needs this port"
            )

    def _taken_port(self) -> int | None:
        """The first of its ports that somebody listens on."""
        for port in self.ports:
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind(("127.0.0.1", port))
                except OSError:
                    return port
        return None

    def start(self) -> bool:
        """Start it unless it runs; whether it was started."""
        if self.process():
            return False
        for folder in (self.pid_file.parent, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        # What it said before it ended is often why it is started again.
        if self.log.exists() and self.log.stat().st_size:
            self.log.replace(self.log.with_suffix(".previous.log"))
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.pid_file.write_text(f"{child.pid} {psutil.Process(child.pid).create_time()}")
        return True

    def wait(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Until it is ready, for as long as it gets on: whatever it prints is progress, and `tell` hears it.

        A busy machine is given the time that it needs: `patience` times the programs that share each processor. Raises
        ``SandboxError`` with the server's last words when it ends, or gets no further.
        """
        moved, said = time.monotonic(), ""
        while not self.ready():
            if not self.process():
                raise SandboxError(f"the sandbox's {self.name} ended while starting: {self.last_words()}")
            if (latest := self.last_words()) != said:
                moved, said = time.monotonic(), latest
                tell(latest)
            if time.monotonic() > moved + self.patience * crowd():
                raise SandboxError(
                    f"the sandbox's {self.name} got no further for {time.monotonic() - moved:.0f} s ({said}): see "
                    f"{self.log}, then `make down` and `make up`"
                )
            time.sleep(0.1)

    def stop(self) -> bool:
        """End it, whether it was running. Killed when it doesn't stop in time."""
        process = self.process()
        if process:
            process.terminate()
            if not self._ended():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                self._ended()
        with contextlib.suppress(FileNotFoundError):
            self.pid_file.unlink()
        return process is not None

    def _ended(self) -> bool:
        """Whether it ends in time. Not psutil's wait, which waits for whoever started it to fetch its exit code."""
        deadline = time.monotonic() + STOP_SECONDS
        while self.process():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        # A process is a zombie once its main thread is gone; its other threads may hold the sockets a moment longer.
        deadline = time.monotonic() + RELEASE_SECONDS
        while self._taken_port() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        return True

    def last_words(self) -> str:
        """The last line it printed."""
        try:
            lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        except FileNotFoundError:
            lines = []
        return lines[-1].strip() if lines else "it printed nothing"
