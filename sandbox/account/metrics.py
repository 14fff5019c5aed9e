"""Metric data that the emulated services write about themselves into CloudWatch.

Names and dimensions are those of the services' "metrics" pages in the AWS documentation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, cloudwatch_backends

from sandbox.account import background, compact, settings

__all__ = ["compact", "put", "trim"]

KEPT_MINUTES = 180
"""How many emulated minutes of metric data are kept."""

KEPT_AT_LEAST = timedelta(minutes=15)
"""With a fast clock, data stays at least this long in real time, so that people can look at it."""

KEPT_POINTS = 40_000
"""Upper bound of data points per region, whatever their age."""


def put(
    region: str,
    namespace: str,
    name: str,
    value: float,
    dimensions: dict[str, str],
    unit: str = "Count",
    at: datetime | None = None,
) -> None:
    """Write one data point (as CloudWatch PutMetricData, but for namespaces that only AWS may write to).

    `at` defaults to now; a time without a zone is taken as UTC.
    """
    stamp = (at or datetime.now(UTC)).replace(tzinfo=None) if at is None or at.tzinfo is None else at.astimezone(UTC)
    backend = cloudwatch_backends[settings.current().account_id][region]
    pairs = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    backend.metric_data.append(MetricDatum(namespace, name, float(value), pairs, stamp.replace(tzinfo=None), unit))
    background.mark_measured()


@background.every(10.0, "trim-metrics")
def trim() -> None:
    """Drop data older than three emulated hours, and the oldest where a region holds too many points."""
    window = timedelta(seconds=KEPT_MINUTES * settings.current().minute_seconds)
    oldest = (datetime.now(UTC) - max(window, KEPT_AT_LEAST)).replace(tzinfo=None)
    for backend in list(cloudwatch_backends[settings.current().account_id].values()):
        data = backend.metric_data
        if not data:
            continue
        # One slice assignment: an append from another thread either lands before it or after it.
        with background.LOCK:
            kept = [datum for datum in data if datum.timestamp.replace(tzinfo=None) >= oldest]
            data[: len(data)] = kept[-KEPT_POINTS:]


_statistics = CloudWatchBackend.get_metric_statistics
_data = CloudWatchBackend.get_metric_data


class _Some:
    """A region's metrics cut down to some of the data, for moto's own calculations."""

    def __init__(self, data: list[Any]) -> None:
        self._kept = data

    def get_all_metrics(self) -> list[Any]:
        """Return the data."""
        return self._kept


def _dimensions(given: list[dict[str, str]] | None) -> set[tuple[str, str]]:
    return {(pair["Name"], pair["Value"]) for pair in given or []}


def _has(datum: Any, wanted: set[tuple[str, str]]) -> bool:
    return {(pair.name, pair.value) for pair in datum.dimensions or []} == wanted


def _get_metric_statistics(self: Any, namespace: str, metric_name: str, *rest: Any, **more: Any) -> Any:
    """Answer GetMetricStatistics from the data with exactly the dimensions asked for, as CloudWatch does."""
    wanted = _dimensions(more.get("dimensions"))
    same = [d for d in self.get_all_metrics() if d.name == metric_name and d.namespace == namespace]
    exact = _Some([datum for datum in same if _has(datum, wanted)])
    return _statistics(exact, namespace, metric_name, *rest, **more)


def _get_metric_data(self: Any, queries: list[dict[str, Any]], *rest: Any, **more: Any) -> Any:
    """Answer GetMetricData from the metrics that its queries name, and from no others of the same name."""
    metrics = [query["MetricStat"]["Metric"] for query in queries if query.get("MetricStat")]
    if not metrics:
        return _data(self, queries, *rest, **more)
    named = [(m.get("Namespace"), m.get("MetricName"), _dimensions(m.get("Dimensions"))) for m in metrics]
    kept = [
        datum
        for datum in self.get_all_metrics()
        if any(datum.name == name and datum.namespace == space and _has(datum, dims) for space, name, dims in named)
    ]
    return _data(_Some(kept), queries, *rest, **more)


CloudWatchBackend.get_metric_statistics = _get_metric_statistics
CloudWatchBackend.get_metric_data = _get_metric_data
