"""Being told to end while a deployment is followed: the engine's way of handing on Ctrl-C to its program.

The engine starts its plugins in process groups of their own, so that Ctrl-C doesn't reach the program itself. It asks
the language host to cancel, which interrupts the program and kills it 5 s later: time enough for one call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT)

_waiting: set[asyncio.Event] = set()


@contextlib.contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """An event that is set once this process is told to end, which it then doesn't do by itself.

    Never set where signals can't be heard: outside of the main thread, and on Windows.
    """
    event, loop = asyncio.Event(), asyncio.get_running_loop()
    _waiting.add(event)
    with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
        for number in SIGNALS:
            loop.add_signal_handler(number, _tell, number)
    try:
        yield event
    finally:
        _waiting.discard(event)


def _tell(number: signal.Signals) -> None:
    if not _waiting:
        # Nothing is followed any more: end as one always does.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    for event in _waiting:
        event.set()
