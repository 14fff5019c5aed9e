"""Runs the scripts of a lifecycle event, one after the other.

Source: CodeDeploy user guide, "AppSpec 'hooks' section": order, timeouts, environment; API reference, Diagnostics.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.host.agent.appspec import Script

TAIL_BYTES = 2048
"""What of the scripts' output goes into an event's diagnostics: the last 2 KB (API reference, Diagnostics, logTail)."""

TAIL_LINES = 200


class ScriptError(Exception):
    """A script failed. code: an errorCode of Diagnostics; script: its location; tail: the last that was printed."""

    def __init__(self, code: str, script: str, message: str, tail: str = "") -> None:
        super().__init__(message)
        self.code, self.script, self.tail = code, script, tail


class CancelledError(Exception):
    """The host ends while a script runs; nothing is reported, so the event is asked for again."""


class Runner:
    """Runs the scripts of one event of one deployment.

    archive: the revision that they come from. environment: all their variables. folder: their working directory.
    log: where their output is appended. ending: set when the host ends.
    """

    def __init__(
        self, archive: Path, environment: Mapping[str, str], folder: Path, log: Path, ending: threading.Event
    ) -> None:
        self._archive, self._environment, self._folder = archive, environment, folder
        self._log, self._ending = log, ending
        self._printed: deque[str] = deque(maxlen=TAIL_LINES)

    @property
    def tail(self) -> str:
        """The last of what the scripts printed."""
        return "".join(self._printed).encode()[-TAIL_BYTES:].decode(errors="replace")

    def run(self, event: str, scripts: Sequence[Script]) -> None:
        """Run them until one fails. Raises ScriptError or CancelledError."""
        self._note(f"LifecycleEvent - {event}\n")
        for script in scripts:
            self._note(f"Script - {script.location}\n")
            self._run(script)

    def _note(self, line: str) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            log.write(line)
        self._printed.append(line)

    def _run(self, script: Script) -> None:
        path = self._archive / script.location
        if not path.is_file():
            raise ScriptError("ScriptMissing", script.location, f"the revision has no {script.location}", self.tail)
        if not os.access(path, os.X_OK):
            path.chmod(path.stat().st_mode | 0o111)
        process = self._start(path, script)
        readers = [
            threading.Thread(target=self._read, args=(stream, mark), daemon=True)
            for stream, mark in ((process.stdout, "[stdout]"), (process.stderr, "[stderr]"))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + script.timeout
        self._wait(process, script, deadline)
        for reader in readers:
            reader.join(max(0.0, deadline - time.monotonic()))
            if reader.is_alive():
                text = f"{script.location} has ended, but something that it started holds its output open"
                raise ScriptError("UnknownError", script.location, text, self.tail)
        if process.returncode:
            text = f"{script.location} failed with exit code {process.returncode}"
            raise ScriptError("ScriptFailed", script.location, text, self.tail)

    def _start(self, path: Path, script: Script) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [str(path)],
                env=dict(self._environment),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            text = f"{script.location} can't be started: {error.strerror}"
            raise ScriptError("ScriptFailed", script.location, text, self.tail) from error

    def _wait(self, process: subprocess.Popen[str], script: Script, deadline: float) -> None:
        while process.poll() is None:
            late = time.monotonic() > deadline
            if late or self._ending.is_set():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                if not late:
                    raise CancelledError
                text = f"{script.location} wasn't done in {script.timeout} seconds"
                raise ScriptError("ScriptTimedOut", script.location, text, self.tail)
            time.sleep(0.02)

    def _read(self, stream: IO[str], mark: str) -> None:
        for line in stream:
            self._note(f"{mark}{line.rstrip(chr(10))}\n")
