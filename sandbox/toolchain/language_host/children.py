"""The processes this host has started, and ending them with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from .interpreter import Interpreter

GRACE_SECONDS = 3.0
"""How long a child may take to end; the engine kills the host itself after 5 s."""

CHILD = Path(__file__).with_name("child.py")


class Children:
    """Starts `child.py` with a job and remembers every process until it has ended."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(
        self,
        interpreter: Interpreter,
        job: Mapping[str, Any],
        *,
        folder: str,
        variables: Mapping[str, str],
        output: int | IO[Any] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start one child in `folder`. The job travels by standard input: it holds decrypted secrets, which arguments
        and environment would show to every process of the user.

        output: where its standard output and error go (subprocess.PIPE, or None for the host's own).
        """
        process = subprocess.Popen(
            [interpreter.command, "-u", str(CHILD)],
            cwd=folder,
            env=interpreter.environment(variables),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
        with self._lock:
            self._running.add(process)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(json.dumps(job).encode())
        return process

    def wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait until a child has ended and forget it; its exit code, negative for a signal."""
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        return code

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask one child to end and return; a child that does not is killed after the grace time."""
        if process.poll() is None:
            process.terminate()
            killer = threading.Timer(GRACE_SECONDS, process.kill)
            killer.daemon = True
            killer.start()

    def stop_all(self) -> None:
        """End every child and whatever it has started, and return when the children are gone."""
        with self._lock:
            running = list(self._running)
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
