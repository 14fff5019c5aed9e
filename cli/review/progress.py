"""What a review says while it works, so that nobody waits before an empty screen: lines on standard error."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SILENCE = 10.0
"""Seconds after which what is under way is said again."""


class Progress:
    """The parts of a review as they begin and end. They may overlap.

    ``write`` takes a line; ``silence``: seconds.
    """

    def __init__(self, write: Callable[[str], None] | None = None, silence: float = SILENCE) -> None:
        self._write, self._silence = write or _to_screen, silence
        self._started, self._said = time.monotonic(), time.monotonic()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._running: list[str] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part, from its beginning to its end."""
        started = time.monotonic()
        self._say(f"{name} …", begins=name)
        done = "stopped"
        try:
            yield
            done = "done"
        finally:
            self._say(f"{name}: {done} in {time.monotonic() - started:.0f} s", ends=name)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Says from time to time what is under way, until it is over."""
        speaker = threading.Thread(target=self._repeat, daemon=True)
        speaker.start()
        try:
            yield
        finally:
            self._over.set()
            speaker.join()

    def _repeat(self) -> None:
        while not self._over.wait(max(self._silence / 10, 0.01)):
            if self._running and time.monotonic() - self._said >= self._silence:
                self._say(f"still at {', '.join(self._running)}")

    def _say(self, line: str, begins: str | None = None, ends: str | None = None) -> None:
        with self._lock:
            if begins:
                self._running.append(begins)
            if ends in self._running:
                self._running.remove(ends)
            self._said = time.monotonic()
            self._write(f"{self._said - self._started:4.0f} s  {line}")


def _to_screen(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
