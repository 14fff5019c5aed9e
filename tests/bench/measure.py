"""Running things side by side, and what their times come to."""

from __future__ import annotations

import resource
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Figures:
    """What several runs of one thing took, in seconds."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """User and system time of each run's processes, which a busy machine lengthens less; empty where the action told
    the seconds itself."""

    @property
    def median(self) -> float:
        """The median of all runs."""
        return statistics.median(self.seconds)

    def as_json(self) -> dict[str, object]:
        """The figures for a file."""
        return {
            "median": round(self.median, 3),
            "min": round(min(self.seconds), 3),
            "max": round(max(self.seconds), 3),
            "runs": [round(each, 3) for each in self.seconds],
            "cpu": [round(each, 3) for each in self.cpu],
        }


def interleaved(runs: int, actions: Mapping[str, Callable[[], object]]) -> dict[str, Figures]:
    """Each action ``runs`` times, A B A B: whatever else the machine does meets all of them alike.

    An action may return the seconds that count; otherwise the whole call counts.
    """
    found = {name: Figures() for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            begin = cpu_seconds()
            seconds, told = _timed(action)
            found[name].seconds.append(seconds)
            if not told:
                found[name].cpu.append(cpu_seconds() - begin)
    return found


def cpu_seconds() -> float:
    """What all processes have used that this one started and that have ended, with what those started."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(action: Callable[[], object]) -> float:
    """Wall seconds of one call, or what the call itself says."""
    return _timed(action)[0]


def _timed(action: Callable[[], object]) -> tuple[float, bool]:
    """The seconds, and whether the action told them."""
    begin = time.monotonic()
    told = action()
    return (told, True) if isinstance(told, float) else (time.monotonic() - begin, False)


def ratio(figures: Figures, base: Figures) -> list[float]:
    """The median of the pairs' ratios, the smallest and the largest."""
    pairs = [one / other for one, other in zip(figures.seconds, base.seconds, strict=True)]
    return [statistics.median(pairs), min(pairs), max(pairs)]


def cpu_ratio(figures: Figures, base: Figures) -> float | None:
    """The median of the pairs' ratios of CPU time; None where it wasn't measured."""
    pairs = [one / other for one, other in zip(figures.cpu, base.cpu, strict=False) if other]
    return statistics.median(pairs) if pairs else None


class PeakMemory:
    """A context in which the largest resident size of one kind of child process is watched.

    marker: what its command line contains. ``mebibytes`` is the largest sum that was seen at one time.
    """

    def __init__(self, marker: str) -> None:
        self.mebibytes = 0.0
        self._marker = marker
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(SAMPLE_SECONDS):
            self.mebibytes = max(self.mebibytes, self._now() / 2**20)

    def _now(self) -> int:
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                if any(self._marker in word for word in process.cmdline()):
                    total += int(process.memory_info().rss)
            except psutil.Error:
                continue
        return total
