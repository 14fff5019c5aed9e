"""How the checks wait for what a system needs some time for."""

from __future__ import annotations

import time
from collections.abc import Iterator

FIRST = 0.1
LONGEST = 2.0
"""Seconds between two looks: a tenth at first, since most answers are there at once, then half as much again."""


def looks(patience: float) -> Iterator[None]:
    """Yield until ``patience`` seconds have gone by, once at least, and wait between two turns."""
    began, pause = time.monotonic(), FIRST
    while True:
        yield
        if time.monotonic() - began > patience:
            return
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST)
