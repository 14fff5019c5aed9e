"""How a server of the sandbox waits for the signal that ends it."""

from __future__ import annotations

import signal
import socket


class ShutdownSignal:
    """Rings once this process is told to end, by SIGTERM or SIGINT. To be made in the main thread.

    The system may deliver a signal to any thread, and then a main thread that waits for a lock doesn't notice: an
    account was found serving on minutes after its SIGTERM (2026-11-26). Python's wake-up descriptor is written
    whichever thread it is. (The language host, which imports nothing of this project, has the same for itself.)
    """

    def __init__(self) -> None:
        self._bell, self._cord = socket.socketpair()
        self._cord.setblocking(False)
        signal.set_wakeup_fd(self._cord.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Until it rings."""
        self._bell.recv(1)
