"""How long a look at a store may take: a bound that every maker keeps, so that a hook can refuse in time.

The work runs in a thread of its own. Requests to AWS and statements of a database ask what is left of the time before
they begin, so that abandoned work ends soon; a caller that waits for the rest is let go at the bound in any case.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from core.errors import ServiceError

GRACE = 2.0
"""Seconds beyond the bound in which work may still say what it waits for."""
_ends: contextvars.ContextVar[float | None] = contextvars.ContextVar("recovery-deadline", default=None)
Answer = TypeVar("Answer")


class ExpiredError(ServiceError):
    """The time is up."""


def left() -> float | None:
    """Seconds that are left; None where nothing bounds the work."""
    end = _ends.get()
    return None if end is None else end - time.monotonic()


def check() -> None:
    """Raise ``ServiceError`` where the time is up."""
    remaining = left()
    if remaining is not None and remaining <= 0:
        raise ExpiredError("no answer within the time it was given")


@contextmanager
def lifted() -> Iterator[None]:
    """Clean up without a bound: what was taken has to be given back."""
    token = _ends.set(None)
    try:
        yield
    finally:
        _ends.reset(token)


def bounded(what: str, seconds: float | None, work: Callable[[], Answer]) -> Answer:
    """What ``work`` returns or raises. Raises ``ServiceError`` where it hasn't after ``seconds`` (None: no bound)."""
    if seconds is None:
        return work()
    outcome: list[tuple[Answer | None, BaseException | None]] = []

    def run() -> None:
        _ends.set(time.monotonic() + seconds)
        try:
            outcome.append((work(), None))
        except BaseException as error:  # handed to the caller's thread
            outcome.append((None, error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True, name="recovery-bounded")
    thread.start()
    thread.join(seconds + GRACE)
    answer, error = outcome[0] if outcome else (None, ExpiredError(""))
    if isinstance(error, ExpiredError):
        raise ExpiredError(f"{what}: no answer within {seconds:g} s: it is slow or locked; try again") from error
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]
