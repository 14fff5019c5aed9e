"""Work that the server does on its own clock, and the locks it shares with requests and the saver.

A ticker is a function registered with `every`; the server runs each in a thread of its own. What a ticker raises is
logged and the ticker goes on. A ticker that changes the account says so with `mark_changed`, so that the saver writes,
or with `mark_measured` where it only wrote down what it measured.
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

_changed = threading.Event()
_measured = threading.Event()
_stopping = threading.Event()


@dataclass(frozen=True)
class Ticker:
    """A registered function, its name (for logs and threads) and its interval in real seconds."""

    run: Callable[[], object]
    seconds: float
    name: str


_tickers: list[Ticker] = []


def every(seconds: float, name: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register the decorated function to be run about every `seconds` real seconds while the server runs."""

    def register(run: Callable[[], object]) -> Callable[[], object]:
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


def stopping() -> bool:
    """Return whether the server is about to end."""
    return _stopping.is_set()


def _loop(ticker: Ticker) -> None:
    while not _stopping.wait(ticker.seconds):
        try:
            ticker.run()
        except Exception:
            log.exception("the background task %r failed; it goes on", ticker.name)


def mark_changed() -> None:
    """Say that the account's state changed and has to be saved."""
    _changed.set()


def mark_measured() -> None:
    """Say that the account measured something about itself: nobody wrote it, so it need not be saved at once."""
    _measured.set()


def take_changed(measured: bool) -> bool:
    """Return whether anything has to be saved now, and forget it; with `measured`, a mere measurement too."""
    changed = _changed.is_set() or (measured and _measured.is_set())
    if changed:
        _changed.clear()
        _measured.clear()
    return changed


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
