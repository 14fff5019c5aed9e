"""Work that the server does on its own clock, and the locks it shares with requests and the saver.

A ticker is a function registered with `every`; the server runs each in a thread of its own. What a ticker raises is
logged and the ticker goes on. A ticker that changes the account says so with `mark_changed`, so that the saver writes,
or with `mark_measured` where it only wrote down what it measured.

A ticker that has nothing to do says how long it can rest; whatever changes the account wakes it. Nine tickers that
looked ten times a second took a fifth of a processor of an account that nobody used.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger("sandbox.account")

LOCK = threading.RLock()
"""Guards the account's state between tickers and the saver. Never hold it while a function runs."""

REST_SECONDS = 5.0
"""The longest rest, so that a change of which nobody told is late and not lost."""
UNTIL_CHANGED = REST_SECONDS
"""What a ticker returns that has nothing to do until the account changes."""

_stopping = threading.Event()


class _News:
    """What has changed since the last save, and a count of changes for those who rest until there is another."""

    def __init__(self) -> None:
        self._told = threading.Condition()
        self._changed = self._measured = False
        self.count = 0

    def tell(self, *, measured: bool) -> None:
        """Note a change, or a mere measurement, and wake whoever rests."""
        with self._told:
            self._changed |= not measured
            self._measured |= measured
            self.count += 1
            self._told.notify_all()

    def take(self, *, measured: bool) -> bool:
        """Return whether there is a change, with `measured` a measurement too, and forget them."""
        with self._told:
            found = self._changed or (measured and self._measured)
            if found:
                self._changed = self._measured = False
            return found

    def wait(self, count: int, seconds: float) -> None:
        """Return once there is news that `count` doesn't know of, after `seconds`, or when the server stops."""
        with self._told:
            self._told.wait_for(lambda: self.count != count or _stopping.is_set(), max(seconds, 0.0))

    def wake(self) -> None:
        """End every wait."""
        with self._told:
            self._told.notify_all()


_news = _News()


Run = Callable[[], float | None]
"""A ticker's function. It returns the real seconds it can rest for, `UNTIL_CHANGED`, or None to be run again soon."""


@dataclass(frozen=True)
class Ticker:
    """A registered function, its name (for logs and threads) and its shortest interval in real seconds."""

    run: Run
    seconds: float
    name: str


_tickers: list[Ticker] = []


def every(seconds: float, name: str) -> Callable[[Run], Run]:
    """Register the decorated function to be run about every `seconds` real seconds, except while it rests."""

    def register(run: Run) -> Run:
        _tickers.append(Ticker(run, seconds, name))
        return run

    return register


def start() -> None:
    """Start one daemon thread per registered ticker."""
    for ticker in _tickers:
        threading.Thread(target=_loop, args=(ticker,), name=f"ticker-{ticker.name}", daemon=True).start()


def stop() -> None:
    """Ask all tickers to end after their current round."""
    _stopping.set()
    _news.wake()


def stopping() -> bool:
    """Return whether the server is about to end."""
    return _stopping.is_set()


def _loop(ticker: Ticker) -> None:
    while not _stopping.wait(ticker.seconds):
        known = _news.count
        try:
            rest = ticker.run()
        except Exception:
            log.exception("the background task %r failed; it goes on", ticker.name)
            rest = None
        if rest is not None:
            _news.wait(known, min(rest, REST_SECONDS) - ticker.seconds)


def mark_changed() -> None:
    """Say that the account's state changed and has to be saved."""
    _news.tell(measured=False)


def mark_measured() -> None:
    """Say that the account measured something about itself: nobody wrote it, so it need not be saved at once."""
    _news.tell(measured=True)


def take_changed(measured: bool) -> bool:
    """Return whether anything has to be saved now, and forget it; with `measured`, a mere measurement too."""
    return _news.take(measured=measured)


def news() -> int:
    """Return the count of what was marked so far, for `rest`."""
    return _news.count


def rest(known: int, seconds: float) -> None:
    """Wait until more than the `known` news is marked, the server stops, or `seconds` have passed."""
    _news.wait(known, seconds)


class Gate:
    """A shared/exclusive lock: requests pass together, the saver alone.

    A request that waits for a function steps `outside` meanwhile, since the function calls back into the account.
    The exclusive side waits a limited time only: better a snapshot taken beside a slow request than none.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._inside = 0
        self._closed = False
        self._depth = threading.local()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Pass as one of many; re-entrant within a thread."""
        depth = getattr(self._depth, "value", 0)
        if depth == 0:
            self._enter()
        self._depth.value = depth + 1
        try:
            yield
        finally:
            self._depth.value -= 1
            if self._depth.value == 0:
                self._leave()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Step out of the gate while this thread waits for something that itself needs to pass."""
        depth = getattr(self._depth, "value", 0)
        if depth:
            self._depth.value = 0
            self._leave()
        try:
            yield
        finally:
            if depth:
                self._enter()
                self._depth.value = depth

    @contextmanager
    def exclusive(self, seconds: float) -> Iterator[bool]:
        """Close the gate for new requests and wait up to `seconds` for those inside; yields whether all left."""
        deadline = time.monotonic() + seconds
        with self._turn:
            self._closed = True
            while self._inside and (left := deadline - time.monotonic()) > 0:
                self._turn.wait(left)
            alone = self._inside == 0
        try:
            yield alone
        finally:
            with self._turn:
                self._closed = False
                self._turn.notify_all()

    def _enter(self) -> None:
        with self._turn:
            while self._closed:
                self._turn.wait()
            self._inside += 1

    def _leave(self) -> None:
        with self._turn:
            self._inside -= 1
            self._turn.notify_all()


GATE = Gate()
"""Every request passes it; the saver closes it for the moment it takes its snapshot."""
