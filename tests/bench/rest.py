"""What a sandbox uses while nobody asks it for anything."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

from sandbox import setup
from sandbox.paths import State

MINUTE = 60.0
"""Real seconds of an emulated minute: as in the sandbox of a checkout, where alarms are judged once a minute."""
BOUND = 0.02
"""Of one core: the project's acceptance."""
QUIET_SECONDS = 300.0
"""Until what the deployment left to do is done, and the pauses between the host's health checks have grown."""
SPAN_SECONDS = 60.0


def measure(state: State, runs: int) -> list[tuple[float, float]]:
    """CPU seconds and wall seconds of some spans, after the sandbox of ``state`` has become quiet."""
    time.sleep(QUIET_SECONDS)
    servers = [process for server in setup.running(state) if (process := server.process())]
    found = []
    for _ in range(runs):
        began, before = time.monotonic(), cpu_seconds(servers)
        time.sleep(SPAN_SECONDS)
        found.append((cpu_seconds(servers) - before, time.monotonic() - began))
    return found


def cpu_seconds(roots: Iterable[psutil.Process]) -> float:
    """What processes, and all that they started, have used; what a process that ended used is its parent's."""
    total = 0.0
    for root in roots:
        for process in (root, *root.children(recursive=True)):
            try:
                total += sum(process.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue
    return total
