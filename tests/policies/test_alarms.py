"""Alarms: somebody hears of them, missing data has a meaning, and they can ring."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.subject import UNKNOWN
from tests.policies.cases import configured, make, said

ALARM, COMPOSITE = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"
TOPIC = "arn:aws:sns:us-east-1:123456789012:rollback"


@pytest.mark.parametrize("kind", [ALARM, COMPOSITE])
def test_an_alarm_has_an_action_that_is_on(kind: str) -> None:
    assert said("alarm-actions", make(kind, props={"alarmActions": [TOPIC]})) == []
    assert said("alarm-actions", make(kind, props={"alarmActions": [UNKNOWN]})) == []
    assert said("alarm-actions", make(kind, props={"alarmActions": UNKNOWN})) == []
    assert "nobody hears" in said("alarm-actions", make(kind))[0]
    assert "nobody hears" in said("alarm-actions", make(kind, props={"alarmActions": []}))[0]
    off = {"alarmActions": [TOPIC], "actionsEnabled": False}
    assert "switched off" in said("alarm-actions", make(kind, props=off))[0]


def test_what_is_no_alarm_needs_none() -> None:
    for policy in ("alarm-actions", "alarm-missing-data", "alarm-evaluation"):
        assert said(policy, make("aws:sns/topic:Topic")) == []


def test_missing_data_has_a_meaning() -> None:
    value: Any
    for value in ("notBreaching", "breaching", UNKNOWN):
        assert said("alarm-missing-data", make(ALARM, props={"treatMissingData": value})) == []
    for value in (None, "missing", "ignore"):
        assert said("alarm-missing-data", make(ALARM, props={"treatMissingData": value})) != []
    assert said("alarm-missing-data", make(ALARM, props={"treatMissingData": "ignore"}), {"allowed": ["ignore"]}) == []


@pytest.mark.parametrize("allowed", [[], ["sometimes"]])
def test_what_missing_data_may_mean_is_one_of_cloudwatchs_answers(allowed: list[str]) -> None:
    with pytest.raises(ValidationError):
        configured("alarm-missing-data", {"allowed": allowed})


@pytest.mark.parametrize(
    ("props", "part"),
    [
        ({"period": 60, "evaluationPeriods": 0}, "at least 1"),
        ({"period": 60, "evaluationPeriods": 3, "datapointsToAlarm": 4}, "never go into ALARM"),
        ({"period": 90, "evaluationPeriods": 1}, "multiple of 60"),
        ({"period": 5, "evaluationPeriods": 1}, "multiple of 60"),
        ({"period": 3600, "evaluationPeriods": 25}, "looks back 1500 minutes"),
        (
            {"metricQueries": [{"returnData": True, "metric": {"period": 86400}}], "evaluationPeriods": 2},
            "looks back 2880 minutes",
        ),
    ],
)
def test_an_alarm_that_cannot_ring_in_time_is_found(props: dict[str, Any], part: str) -> None:
    (text,) = said("alarm-evaluation", make(ALARM, props=props))
    assert part in text


def test_an_alarm_that_can_ring_passes() -> None:
    for props in (
        {"period": 10, "evaluationPeriods": 6},
        {"period": 86400.0, "evaluationPeriods": 1.0},
        {"period": 60, "evaluationPeriods": 15, "datapointsToAlarm": 10},
        {"period": UNKNOWN, "evaluationPeriods": UNKNOWN},
        {"metricQueries": UNKNOWN, "evaluationPeriods": 1},
    ):
        assert said("alarm-evaluation", make(ALARM, props=props)) == []


def test_how_far_an_alarm_looks_back_is_a_setting_within_a_week() -> None:
    assert said("alarm-evaluation", make(ALARM, props={"period": 60, "evaluationPeriods": 20}), {"maxMinutes": 15})
    for minutes in (0, 10_081):
        with pytest.raises(ValidationError):
            configured("alarm-evaluation", {"maxMinutes": minutes})


@given(st.integers(1, 100), st.integers(1, 60), st.integers(1, 10_080))
def test_the_bound_is_exact(periods: int, minutes: int, most: int) -> None:
    found = said(
        "alarm-evaluation",
        make(ALARM, props={"period": minutes * 60, "evaluationPeriods": periods}),
        {"maxMinutes": most},
    )
    service = 1_440 if minutes < 60 else 10_080
    assert bool(found) is (periods * minutes > min(most, service))
