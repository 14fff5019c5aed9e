"""Alarms: each tells somebody, says what missing data means, and decides within a bounded time.

Sources: CloudWatch API, PutMetricAlarm, PutCompositeAlarm; CloudWatch User Guide, "Evaluating an alarm".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from core.model import Model
from policies import deployments
from policies.rule import NoConfig, PolicyContext, ResourceRule, Rule, Severity
from policies.subject import UNKNOWN, Resource, dig, items, known
from policies.values import is_off, is_on, number

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
HIGH_RESOLUTION = (10, 20, 30)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
"""Seconds."""
ACTION: Final = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:\S*")
STATE: Final = re.compile(r"\b(ALARM|OK|INSUFFICIENT_DATA|AT_LEAST)\s*\(")


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
    """Minutes: period times periods; CloudWatch's own limits are a day, and a week for periods of an hour and more."""


def told(alarm: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Somebody hears of it. An empty text is nobody."""
    if is_off(alarm.get("actionsEnabled")):
        yield f"{alarm.name}: its actions are switched off"
    actions = [each for each in items(alarm.get("alarmActions")) if each not in (None, "")]
    if not actions:
        yield f"{alarm.name} has no alarmActions: nobody hears of it"
    for action in actions:
        if isinstance(action, str) and not ACTION.fullmatch(action):
            yield f"{alarm.name}: the action {action} is no ARN: nobody hears of it"


def missing_data(alarm: Resource, config: MissingData, _facts: PolicyContext) -> Iterator[str]:
    """It is said what missing data means, and it is an answer."""
    found = alarm.get("treatMissingData")
    if found is None or found == "":
        yield f"{alarm.name} doesn't say treatMissingData; valid: {', '.join(config.allowed)}"
    elif known(found) and found not in config.allowed:
        yield f"{alarm.name} takes missing data as {found}; valid: {', '.join(config.allowed)}"


def evaluation(alarm: Resource, config: Evaluation, _facts: PolicyContext) -> Iterator[str]:
    """It can go into ALARM at all, and does so in time."""
    if alarm.type == COMPOSITE:
        yield from _composed(alarm)
        return
    yield from _queried(alarm)
    yield from _too_fine(alarm)
    periods = number(alarm.get("evaluationPeriods"))
    breaching = number(alarm.get("datapointsToAlarm"))
    if breaching is not None and breaching < 1:
        yield f"{alarm.name} wants {breaching:g} breaching periods; at least 1 is wanted"
    if periods is None:
        return
    if periods < 1:
        yield f"{alarm.name} looks at {periods:g} periods; at least 1 is wanted"
    if breaching is not None and breaching > periods:
        yield f"{alarm.name} wants {breaching:g} breaching periods of {periods:g}: it can never go into ALARM"
    for period in _periods(alarm):
        if period not in HIGH_RESOLUTION and (period < MINUTE or period % MINUTE):
            yield f"{alarm.name}: a period of {period:g} seconds isn't 10, 20, 30 or a multiple of 60"
        most = min(config.max_minutes * MINUTE, 7 * DAY if period >= HOUR else DAY)
        if period * periods > most:
            yield (
                f"{alarm.name} looks back {period * periods / MINUTE:g} minutes; at most {most / MINUTE:g} are allowed"
            )


def _too_fine(alarm: Resource) -> Iterator[str]:
    """Seconds are for metrics that were stored with seconds; those of the services come each minute."""
    metrics = (alarm.props, *(dig(query, "metric") for query in items(alarm.get("metricQueries"))))
    for metric in metrics:
        period, namespace = number(dig(metric, "period")), dig(metric, "namespace")
        if period in HIGH_RESOLUTION and isinstance(namespace, str) and namespace.startswith("AWS/"):
            yield f"{alarm.name}: {namespace} has data each minute, and none in most periods of {period:g} seconds"


def _queried(alarm: Resource) -> Iterator[str]:
    """One of an alarm's metrics or expressions has to be what it compares, and a band has to be one of them."""
    queries = items(alarm.get("metricQueries"))
    if not all(isinstance(query, Mapping) for query in queries):
        return
    returned, band = [dig(query, "returnData") for query in queries], alarm.get("thresholdMetricId")
    if queries and all(each is None or is_off(each) for each in returned):
        yield f"{alarm.name}: none of its metricQueries has returnData: it can never go into ALARM"
    if band is None and sum(map(is_on, returned)) > 1:
        yield f"{alarm.name}: several of its metricQueries have returnData, and an alarm compares one"
    names = [dig(query, "id") for query in queries]
    if isinstance(band, str) and UNKNOWN not in names and band not in names:
        yield f"{alarm.name}: thresholdMetricId names {band}, which is none of its metricQueries"


def _composed(alarm: Resource) -> Iterator[str]:
    """A rule that asks for no alarm's state is always true or always false."""
    rule = alarm.get("alarmRule")
    if isinstance(rule, str) and not STATE.search(rule):
        yield f"{alarm.name}: its rule ({rule.strip() or 'empty'}) looks at no alarm: it can never go into ALARM"


def _periods(alarm: Resource) -> list[float]:
    """The periods of an alarm and of the metrics in its expressions, in seconds, each once."""
    queries = items(alarm.get("metricQueries"))
    given = [alarm.get("period"), *(dig(query, path) for query in queries for path in ("period", "metric.period"))]
    return sorted({found for each in given if (found := number(each)) is not None})


RULES: tuple[Rule, ...] = (
    ResourceRule(
        name="alarm-actions",
        description="Every alarm has an action, and it is switched on.",
        severity=Severity.HIGH,
        remedy="Set alarmActions to the topic of the system that the alarm watches.",
        types=frozenset({ALARM, COMPOSITE}),
        check=told,
    ),
    ResourceRule(
        name="alarm-missing-data",
        description="Every alarm says what missing data means.",
        severity=Severity.MEDIUM,
        remedy=(
            "Set treatMissingData: notBreaching for what isn't always there, breaching for what must never fall silent."
        ),
        types=frozenset({ALARM}),
        check=missing_data,
        config=MissingData,
    ),
    ResourceRule(
        name="alarm-evaluation",
        description="Every alarm can ring, and within a bounded time.",
        severity=Severity.MEDIUM,
        remedy=(
            "Keep datapointsToAlarm from 1 to evaluationPeriods, periods at multiples of 60 seconds, and the whole "
            "within maxMinutes; let one of metricQueries return data, and a composite alarm's rule name an alarm."
        ),
        types=frozenset({ALARM, COMPOSITE}),
        check=evaluation,
        config=Evaluation,
    ),
    *deployments.RULES,
)
