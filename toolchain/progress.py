"""What a person sees while a tool is downloaded or built: live on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_REDRAWS = 0.5


class Activity:
    """One running piece of work; `detail` says what it is busy with right now."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.detail = ""
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """The state of the work in one line of text."""
        return f"{self.title}: {self.elapsed:.0f} s" + (f", {self.detail}" if self.detail else "")


class Progress:
    """Reports to one stream. Every method may be called from any thread.

    stream: where to write (standard error by default, so that standard output stays usable in scripts).
    quiet: say nothing at all.
    interval: seconds between two lines when the stream is not a terminal.
    """

    def __init__(
        self, stream: IO[str] | None = None, *, quiet: bool = False, interval: float = SECONDS_BETWEEN_LINES
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._interval = interval

    @property
    def live(self) -> bool:
        """Whether the stream is a terminal that can be redrawn."""
        return not self._quiet and self._stream.isatty()

    def say(self, line: str) -> None:
        """Write one line."""
        if not self._quiet:
            print(line, file=self._stream, flush=True)

    @contextlib.contextmanager
    def activity(self, title: str, hint: str = "") -> Iterator[Activity]:
        """Show `title` with the seconds elapsed until the block ends, then one closing line if it ended well.

        hint: said once at the start, such as how long it usually takes.
        """
        work = Activity(title)
        self.say(f"{title}{f' ({hint})' if hint else ''} ...")
        done = threading.Event()
        reporter = threading.Thread(target=self._report, args=(work, done), daemon=True)
        reporter.start()
        try:
            yield work
        finally:
            done.set()
            reporter.join()
        self.say(f"{title}: done in {work.elapsed:.0f} s")

    def _report(self, work: Activity, done: threading.Event) -> None:
        if not self.live:
            while not done.wait(self._interval):
                self.say(f"  {work.line()}")
            return
        with self._status(work) as status:
            while not done.wait(SECONDS_BETWEEN_REDRAWS):
                status.update(work.line())

    def _status(self, work: Activity) -> Status:
        from rich.console import Console  # only a terminal needs it

        return Console(file=self._stream, markup=False, highlight=False).status(work.line())
