"""Metric data by period and statistic, from an index over the account's flat list of data points."""

from __future__ import annotations

import math
import weakref
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from datetime import UTC
from itertools import pairwise
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, metric name, dimensions."""


def key(namespace: str | None, name: str | None, dimensions: Iterable[Any]) -> Key:
    """Return what identifies a metric; `dimensions` are objects with `name` and `value`."""
    return namespace or "", name or "", frozenset((d.name or "", d.value or "") for d in dimensions or ())


class MetricIndex:
    """The data points of one region by metric, kept up to date with the list they're appended to."""

    def __init__(self) -> None:
        self._series: dict[Key, list[tuple[float, int, Any]]] = {}
        self._seen: list[Any] = []

    def refresh(self, data: list[Any]) -> None:
        """Take in what was appended to `data` since the last call; start over where its beginning changed."""
        seen = len(self._seen)
        current = list(data)
        unchanged = seen <= len(current) and (
            not seen or (current[0] is self._seen[0] and current[seen - 1] is self._seen[-1])
        )
        if not unchanged:
            self._series.clear()
            seen = 0
        for number, datum in enumerate(current[seen:], start=seen):
            stamp = datum.timestamp
            at = (stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp).timestamp()
            points = self._series.setdefault(key(datum.namespace, datum.name, datum.dimensions), [])
            insort(points, (at, number, datum), key=lambda point: point[:2])
        self._seen = current

    def windows(self, metric: Key, end: float, length: float, count: int) -> list[list[Any]]:
        """Return the data of the `count` windows of `length` seconds that end at `end`, oldest first."""
        points = self._series.get(metric, [])
        bounds = [bisect_left(points, end - length * back, key=lambda p: p[0]) for back in range(count, -1, -1)]
        return [[point[2] for point in points[low:high]] for low, high in pairwise(bounds)]

    def latest(self, metric: Key) -> float | None:
        """Return when the newest data point of a metric was measured (seconds since the epoch)."""
        points = self._series.get(metric)
        return points[-1][0] if points else None


_indexes: weakref.WeakKeyDictionary[CloudWatchBackend, MetricIndex] = weakref.WeakKeyDictionary()


def index(backend: CloudWatchBackend) -> MetricIndex:
    """Return the up-to-date index of a region's metric data."""
    found = _indexes.setdefault(backend, MetricIndex())
    found.refresh(backend.metric_data)
    return found


def statistic(name: str, data: Sequence[Any], unit: str | None = None) -> float | None:
    """Return a statistic over data points, None where there's nothing to compute it from.

    Args:
        name: Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99 or p99.9.
        data: moto's single values and statistic sets.
        unit: where given, only data with this unit counts, as in an alarm's Unit.
    """
    chosen = [datum for datum in data if not unit or datum.unit == unit]
    if not chosen:
        return None
    if name.lower().startswith("p"):
        return _percentile(chosen, float(name[1:]))
    count = sum(_sample_count(datum) for datum in chosen)
    total = sum(datum.sum if hasattr(datum, "sum") else datum.value for datum in chosen)
    if name == "Average":
        return total / count if count else None
    if name == "Minimum":
        return float(min(datum.min if hasattr(datum, "min") else datum.value for datum in chosen))
    if name == "Maximum":
        return float(max(datum.max if hasattr(datum, "max") else datum.value for datum in chosen))
    return float(count if name == "SampleCount" else total)


def _sample_count(datum: Any) -> float:
    return float(getattr(datum, "sample_count", 1))


def _percentile(data: Sequence[Any], percent: float) -> float | None:
    """Interpolate between the closest ranks; a statistic set counts only where all its samples are equal."""
    values = sorted(
        datum.value if hasattr(datum, "value") else datum.min
        for datum in data
        if hasattr(datum, "value") or datum.min == datum.max
    )
    if not values:
        return None
    rank = (len(values) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(values) - 1)
    return float(values[low] + (values[high] - values[low]) * (rank - low))
