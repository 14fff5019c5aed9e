"""The processes this host has started, and ending them with it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from .commands import Command

GRACE_SECONDS = 5.0
"""How long an interrupted child may take to end, as under Pulumi's own host."""


class Children:
    """Starts commands and remembers every process until it has ended."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(self, command: Command, output: int | IO[Any] | None = None) -> subprocess.Popen[bytes]:
        """Start one. output: where its standard output and error go (subprocess.PIPE, or None for the host's own).

        Raises OSError.
        """
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            env=command.variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with self._lock:
            self._running.add(process)
        return process

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait until a child has ended and forget it; its exit code, negative for a signal."""
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def interrupt(self, process: subprocess.Popen[bytes]) -> None:
        """Ask one child to end and return; a child that does not is killed after the grace time."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            killer = threading.Timer(GRACE_SECONDS, process.kill)
            killer.daemon = True
            killer.start()

    def interrupt_all(self) -> None:
        """`interrupt` every child."""
        for process in self._now():
            self.interrupt(process)

    def stop_all(self) -> None:
        """End every child and whatever it has started, and return when the children are gone."""
        running = self._now()
        _signal_group(signal.SIGTERM)
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _now(self) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            return list(self._running)


def _signal_group(number: int) -> None:
    """Signal our process group when it is ours alone: the engine starts each plugin as the leader of its own.

    The host is in it too; its handler only asks it to end.
    """
    if os.getpgrp() == os.getpid():
        os.killpg(0, number)


def when_parent_dies(action: Callable[[], object], seconds: float = 1.0) -> None:
    """Call `action` from a thread once the process that started this one is gone, looked at every so many seconds."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(seconds)
        action()

    threading.Thread(target=watch, daemon=True).start()
