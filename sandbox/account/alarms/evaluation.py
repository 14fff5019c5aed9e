"""The evaluation of all alarms, at every whole emulated minute.

Windows end at whole minutes and slide minute by minute for longer periods, as CloudWatch's do. An alarm with a
high-resolution period (10 or 30 s) is evaluated once per period.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends

from sandbox.account import background, clock
from sandbox.account.alarms import composite, data, expressions
from sandbox.account.alarms.judgement import COMPARISONS, EXTRA_PERIODS, Missing, judge
from sandbox.account.alarms.states import StateChange, announce, set_state

ROUNDS = 5
"""How deep composite alarms may watch each other."""


@background.every(0.1, "alarms")
def tick() -> float:
    """Evaluate whatever is due and deliver what follows from it; rest until the next alarm is due."""
    now = time.time()
    evaluate_all(now)
    steps = {_step(alarm) for backend in _backends() for alarm in list(backend.alarms.values())}
    return min(
        (clock.boundary(now, step) + clock.real_seconds(step) - now for step in steps), default=background.UNTIL_CHANGED
    )


def _backends() -> list[CloudWatchBackend]:
    return [one for regions in list(dict(cloudwatch_backends).values()) for one in list(dict(regions).values())]


def evaluate_all(now: float) -> list[StateChange]:
    """Evaluate every alarm whose period has a new boundary at or before `now`; returns the changes, announced."""
    changes: list[StateChange | None] = []
    for backend in _backends():
        with background.LOCK:
            changes += _evaluate_region(backend, now)
    for change in changes:
        announce(change)
    return [change for change in changes if change]


def _evaluate_region(backend: CloudWatchBackend, now: float) -> list[StateChange | None]:
    changes: list[StateChange | None] = []
    alarms = list(backend.alarms.values())
    due = [(alarm, end) for alarm in alarms if alarm.rule is None and (end := _due(alarm, now)) is not None]
    if due:
        known = data.index(backend)
        changes += [_evaluate(backend, known, alarm, end) for alarm, end in due]
    for _ in range(ROUNDS):
        moved = [_combine(backend, alarm) for alarm in alarms if alarm.rule is not None]
        changes += moved
        if not any(moved):
            break
    return changes


def period(alarm: Alarm) -> float:
    """Return an alarm's period in emulated seconds."""
    stats = [query.metric_stat.period for query in alarm.metric_data_queries if query.metric_stat]
    whole = [query.period for query in alarm.metric_data_queries if query.period]
    return float(alarm.period or next(iter(stats + whole), None) or clock.STANDARD_MINUTE)


def _step(alarm: Alarm) -> float:
    """Return how often an alarm is evaluated, in emulated seconds."""
    return min(period(alarm), clock.STANDARD_MINUTE)


def _due(alarm: Alarm, now: float) -> float | None:
    end = clock.boundary(now, _step(alarm))
    if end <= getattr(alarm, "judged_at", 0.0):
        return None
    fresh = not hasattr(alarm, "judged_at")
    alarm.judged_at = end
    # A new alarm waits for its first whole minute.
    return None if fresh else end


def _evaluate(backend: CloudWatchBackend, known: data.MetricIndex, alarm: Alarm, end: float) -> StateChange | None:
    if alarm.comparison_operator not in COMPARISONS or alarm.threshold is None:
        return None
    by_hand = getattr(alarm, "set_by_hand_at", None)
    if by_hand is not None:
        newest = max((known.latest(metric) or 0.0 for metric in _metrics(alarm)), default=0.0)
        if not by_hand < newest < end:
            return None
        del alarm.set_by_hand_at
    periods = int(alarm.evaluation_periods or 1)
    to_alarm = int(alarm.datapoints_to_alarm or periods)
    threshold = float(alarm.threshold)
    compare = COMPARISONS[alarm.comparison_operator][1]
    try:
        series = _series(known, alarm, end, periods + EXTRA_PERIODS)
    except expressions.ExpressionError as error:
        return set_state(backend, alarm, "INSUFFICIENT_DATA", f"Insufficient Data: {error}", "{}")
    missing: Missing = alarm.treat_missing_data or "missing"
    state = judge(series, periods, to_alarm, lambda value: compare(value, threshold), missing)
    if state is None or state == alarm.state_value:
        return None
    reason = _reason(alarm, series, end, state)
    return set_state(backend, alarm, state, reason, _reason_data(alarm, series, end))


def _metrics(alarm: Alarm) -> list[data.Key]:
    stats = [query.metric_stat.metric for query in alarm.metric_data_queries if query.metric_stat]
    if stats:
        return [data.key(metric.namespace, metric.metric_name, metric.dimensions) for metric in stats]
    return [data.key(alarm.namespace, alarm.metric_name, alarm.dimensions)]


def _series(known: data.MetricIndex, alarm: Alarm, end: float, count: int) -> expressions.Series:
    if not alarm.metric_data_queries:
        name = alarm.extended_statistic or alarm.statistic or "Average"
        return _values(known, _metrics(alarm)[0], end, (period(alarm), count), (name, alarm.unit))
    series: dict[str, expressions.Series] = {}
    length = period(alarm)
    for query in alarm.metric_data_queries:
        if query.metric_stat:
            wanted, metric = query.metric_stat, query.metric_stat.metric
            key = data.key(metric.namespace, metric.metric_name, metric.dimensions)
            span = (float(wanted.period), count)
            series[query.id] = _values(known, key, end, span, (wanted.stat, wanted.unit))
    pending = [query for query in alarm.metric_data_queries if query.expression]
    while pending:
        # An expression may use another one; take them in the order in which they become known.
        ready = [query for query in pending if not _unknown(query, pending)]
        if not ready:
            raise expressions.ExpressionError("the alarm's expressions use each other in a circle")
        for query in ready:
            series[query.id] = expressions.evaluate(query.expression, series, count, length)
            pending.remove(query)
    shown = [query.id for query in alarm.metric_data_queries if str(query.return_data).lower() != "false"]
    if len(shown) != 1:
        raise expressions.ExpressionError("exactly one entry of Metrics must have ReturnData")
    return series[shown[0]]


def _unknown(query: Any, pending: list[Any]) -> bool:
    words = set(expressions.identifiers(query.expression))
    return any(other.id in words for other in pending if other is not query)


def _values(
    known: data.MetricIndex, metric: data.Key, end: float, span: tuple[float, int], stat: tuple[str, str | None]
) -> expressions.Series:
    windows = known.windows(metric, end, clock.real_seconds(span[0]), span[1])
    return [data.statistic(stat[0], window, stat[1]) for window in windows]


def _reason(alarm: Alarm, series: expressions.Series, end: float, state: str) -> str:
    """Word a change as CloudWatch does."""
    word, compare = COMPARISONS[alarm.comparison_operator]
    periods = int(alarm.evaluation_periods or 1)
    to_alarm = int(alarm.datapoints_to_alarm or periods)
    points = [(value, at) for value, at in _stamped(alarm, series, end) if value is not None][-periods:]
    missing = alarm.treat_missing_data or "missing"
    if not points:
        if state == "INSUFFICIENT_DATA":
            return f"Insufficient Data: {periods} datapoints were unknown."
        treated = "Breaching" if missing == "breaching" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {periods} periods and {periods} missing datapoints "
            f"were treated as [{treated}]."
        )
    bad = sum(1 for value, _ in points if compare(value, float(alarm.threshold)))
    listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for value, at in reversed(points))
    if state == "ALARM":
        need, count, verb = f"minimum {to_alarm} datapoint{'s' * (to_alarm > 1)} for OK -> ALARM transition", bad, "was"
    else:
        needed = periods - to_alarm + 1
        need = f"minimum {needed} datapoint{'s' * (needed > 1)} for ALARM -> OK transition"
        count, verb = len(points) - bad, "was not"
    verb = verb if count == 1 else verb.replace("was", "were")
    return (
        f"Threshold Crossed: {count} out of the last {len(points)} datapoints [{listed}] {verb} {word} the threshold "
        f"({float(alarm.threshold)}) ({need})."
    )


def _reason_data(alarm: Alarm, series: expressions.Series, end: float) -> str:
    points = [(value, at) for value, at in _stamped(alarm, series, end) if value is not None]
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": f"{datetime.fromtimestamp(end, UTC):%Y-%m-%dT%H:%M:%S.000+0000}",
            "statistic": alarm.extended_statistic or alarm.statistic,
            "period": period(alarm),
            "recentDatapoints": [value for value, _ in points],
            "threshold": float(alarm.threshold),
            "evaluatedDatapoints": [
                {"timestamp": f"{at:%Y-%m-%dT%H:%M:%S.000+0000}", "value": value} for value, at in reversed(points)
            ],
        }
    )


def _stamped(alarm: Alarm, series: expressions.Series, end: float) -> list[tuple[float | None, datetime]]:
    length = clock.real_seconds(period(alarm))
    start = end - length * len(series)
    return [(value, datetime.fromtimestamp(start + length * n, UTC)) for n, value in enumerate(series)]


def _held(alarm: Alarm, watched: list[Alarm]) -> bool:
    """Return whether a state set by hand still holds: no watched alarm has changed since."""
    by_hand = getattr(alarm, "set_by_hand_at", None)
    if by_hand is None:
        return False
    if any(child.state_updated_timestamp.replace(tzinfo=UTC).timestamp() > by_hand for child in watched):
        del alarm.set_by_hand_at
        return False
    return True


def _combine(backend: CloudWatchBackend, alarm: Alarm) -> StateChange | None:
    """Evaluate a composite alarm; it's OK unless its rule is true."""
    children = backend.alarms

    def state_of(name: str) -> str | None:
        return children[name].state_value if name in children else None

    try:
        state = "ALARM" if composite.holds(alarm.rule, state_of) else "OK"
        watched = [children[name] for name in composite.names(alarm.rule) if name in children]
        if _held(alarm, watched):
            return None
    except composite.RuleError as error:
        return set_state(backend, alarm, "INSUFFICIENT_DATA", f"Insufficient Data: {error}", "{}")
    if state == alarm.state_value:
        return None
    last = max(watched, key=lambda child: child.state_updated_timestamp, default=None)
    reason = f"The rule {alarm.rule} is {str(state == 'ALARM').lower()}."
    if last is not None:
        at = f"{last.state_updated_timestamp:%A %d %B, %Y %H:%M:%S} UTC"
        reason = f"{last.alarm_arn} transitioned to {last.state_value} at {at}"
    return set_state(backend, alarm, state, reason, "{}")
