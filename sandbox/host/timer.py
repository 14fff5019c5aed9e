"""The host's stand-in for a systemd timer: runs the current release's health check again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.host.layout import Layout

UNIT = "cryptique-health-check"
SCRIPT = "scripts/health-check.sh"
TIMEOUT_SECONDS = 30.0
LONGEST = 16
"""The longest pause between two checks, in intervals."""
LARGEST_LOG = 1_000_000
"""Bytes; then the log is put aside once, as `.1`."""


class HealthTimer:
    """Runs checks while it is started, which a restart of the host doesn't change.

    interval: real seconds between two checks. Each start of node costs a third of a second of processor time, so the
    pause doubles, up to `LONGEST` intervals, as long as nothing happens on the host and a check finds it healthy.
    """

    def __init__(self, layout: Layout, variables: Mapping[str, str], interval: float) -> None:
        self._layout, self._variables, self._interval = layout, variables, interval
        self._mark = layout.run / f"{UNIT}.started"
        self._woken, self._ended = threading.Event(), threading.Event()
        self.last = ""
        """What the last check saw, with its time; empty before the first one."""
        self._pause = 0.0

    def run(self) -> None:
        """Begin to look whether it is started, in a thread of its own."""
        threading.Thread(target=self._run, name=f"{self._layout.instance} {UNIT}", daemon=True).start()

    @property
    def started(self) -> bool:
        """Whether it runs checks."""
        return self._mark.exists()

    def start(self) -> None:
        """Begin with a check at once; nothing happens where it is started already."""
        if not self.started:
            self._mark.touch()
            self.touch()

    def touch(self) -> None:
        """Something happened on the host: check at once, and then every interval again."""
        self._pause = 0.0
        self._woken.set()

    def stop(self) -> None:
        """No more checks."""
        self._mark.unlink(missing_ok=True)

    def end(self) -> None:
        """The host ends; a check that is running is ended by the host with all its other programs."""
        self._ended.set()
        self._woken.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._woken.clear()
            before = self._pause
            healthy = self.started and self._check()
            if not self._woken.is_set():
                self._pause = next_pause(before, self._interval, healthy=healthy)
                self._woken.wait(self._pause)

    def _check(self) -> bool:
        """Run the check; whether it found the host healthy."""
        script = self._layout.current / SCRIPT
        began = time.monotonic()
        try:
            code, said = self._output([str(script)])
        except OSError as error:
            code, said = 127, f"{SCRIPT}: {error.strerror}"
        if self._ended.is_set() or not self.started:
            return False  # what is seen while everything is being stopped says nothing
        seconds = time.monotonic() - began
        verdict = "healthy" if code == 0 else "unhealthy"
        shown = "; ".join(said.split("\n"))
        self.last = f"{datetime.now(UTC).isoformat(timespec='seconds')} {verdict} in {seconds:.2f} s: {shown}"
        self._write()
        return code == 0

    def _output(self, command: list[str]) -> tuple[int, str]:
        with subprocess.Popen(
            command,
            env=dict(self._variables),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said = f"no answer within {TIMEOUT_SECONDS:.0f} s"
        return process.returncode, said.strip()

    def _write(self) -> None:
        log = self._layout.logs / "cryptique" / "health-check.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("a") as file:
            file.write(self.last + "\n")


def next_pause(before: float, interval: float, *, healthy: bool) -> float:
    """The seconds until the next check, after a pause of `before` seconds; 0 before the first check."""
    return min(max(2 * before, interval), LONGEST * interval) if healthy else interval
