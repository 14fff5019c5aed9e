"""Alarms: each tells somebody, says what missing data means, and decides within a bounded time.

Source: CloudWatch API, PutMetricAlarm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import Resource, dig, items, known
from stacks.model import Model

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
HIGH_RESOLUTION = (10, 20, 30)
MINUTE = 60
"""Seconds."""


class MissingData(Model):
    """What an alarm may take missing data for."""

    allowed: Annotated[tuple[Literal["notBreaching", "breaching", "ignore", "missing"], ...], Field(min_length=1)] = (
        "notBreaching",
        "breaching",
    )
    """``missing`` leaves an alarm without a state, and ``ignore`` leaves it in the one it had, for ever."""


class Evaluation(Model):
    """How long an alarm may look back."""

    max_minutes: Annotated[int, Field(ge=1, le=10_080)] = 1_440
    """Period times periods; CloudWatch's own limits are a day, and a week for periods of an hour and more."""


def told(alarm: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Somebody hears of it."""
    if alarm.get("actionsEnabled") is False:
        yield f"{alarm.name}: its actions are switched off"
    actions = alarm.get("alarmActions")
    if not items(actions):
        yield f"{alarm.name} has no alarmActions: nobody hears of it"


def missing_data(alarm: Resource, config: MissingData, _facts: Facts) -> Iterator[str]:
    """It is said what missing data means, and it is an answer."""
    found = alarm.get("treatMissingData")
    if found is None:
        yield f"{alarm.name} doesn't say treatMissingData; valid: {', '.join(config.allowed)}"
    elif known(found) and found not in config.allowed:
        yield f"{alarm.name} takes missing data as {found}; valid: {', '.join(config.allowed)}"


def evaluation(alarm: Resource, config: Evaluation, _facts: Facts) -> Iterator[str]:
    """It can ring at all, and does so in time."""
    periods = alarm.get("evaluationPeriods")
    if not isinstance(periods, int | float):
        return
    if periods < 1:
        yield f"{alarm.name} looks at {periods:g} periods; at least 1 is wanted"
    breaching = alarm.get("datapointsToAlarm")
    if isinstance(breaching, int | float) and breaching > periods:
        yield f"{alarm.name} wants {breaching:g} breaching periods of {periods:g}: it can never ring"
    for period in _periods(alarm):
        if period not in HIGH_RESOLUTION and (period < MINUTE or period % MINUTE):
            yield f"{alarm.name}: a period of {period:g} seconds isn't 10, 20, 30 or a multiple of 60"
        if period * periods > config.max_minutes * MINUTE:
            minutes = period * periods / MINUTE
            yield f"{alarm.name} looks back {minutes:g} minutes; at most {config.max_minutes} are allowed"


def _periods(alarm: Resource) -> list[float]:
    """The periods of an alarm and of the metrics in its expressions, in seconds, each once."""
    queries = items(alarm.get("metricQueries"))
    found = [alarm.get("period"), *(dig(query, path) for query in queries for path in ("period", "metric.period"))]
    return sorted({period for period in found if isinstance(period, int | float) and period})


RULES = (
    ResourceRule(
        "alarm-actions",
        "Every alarm has an action, and it is switched on.",
        Severity.HIGH,
        "Set alarmActions to the topic of the system that the alarm watches.",
        frozenset({ALARM, COMPOSITE}),
        told,
    ),
    ResourceRule(
        "alarm-missing-data",
        "Every alarm says what missing data means.",
        Severity.MEDIUM,
        "Set treatMissingData: notBreaching for what isn't always there, breaching for what must never fall silent.",
        frozenset({ALARM}),
        missing_data,
        config=MissingData,
    ),
    ResourceRule(
        "alarm-evaluation",
        "Every alarm can ring, and within a bounded time.",
        Severity.MEDIUM,
        "Keep datapointsToAlarm at or below evaluationPeriods, periods at multiples of 60 seconds, and the whole "
        "within maxMinutes.",
        frozenset({ALARM}),
        evaluation,
        config=Evaluation,
    ),
)
