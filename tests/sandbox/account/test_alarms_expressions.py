from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.account.alarms import composite, data, expressions

SERIES: dict[str, expressions.Series] = {"errors": [1.0, 0.0, None], "calls": [4.0, 0.0, 2.0]}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors / calls * 100", [25.0, None, None]),
        ("FILL(errors, 0) / calls", [0.25, None, 0.0]),
        ("FILL(errors, REPEAT)", [1.0, 0.0, 0.0]),
        ("IF(calls > 0, FILL(errors, 0) / calls, 0)", [0.25, 0.0, 0.0]),
        ("IF(calls >= 2 && errors > 0, 1, 0)", [1.0, 0.0, None]),
        ("SUM([errors, calls])", [5.0, 0.0, 2.0]),
        ("SUM(METRICS())", [5.0, 0.0, 2.0]),
        ("SUM(calls)", [6.0, 6.0, 6.0]),
        ("MAX([errors, calls]) - 1", [3.0, -1.0, 1.0]),
        ("RATE(calls)", [None, -4 / 60, 2 / 60]),
        ("-ABS(errors)", [-1.0, -0.0, None]),
        ("42", [42.0, 42.0, 42.0]),
    ],
)
def test_metric_math(expression: str, expected: expressions.Series) -> None:
    assert expressions.evaluate(expression, SERIES, 3, 60) == expected


@pytest.mark.parametrize(
    "expression",
    ["__import__('os').system('id')", "errors.real", "nothing + 1", "errors +", "SEARCH('x', 'y')", "[errors]"],
)
def test_what_is_not_metric_math_is_refused(expression: str) -> None:
    with pytest.raises(expressions.ExpressionError):
        expressions.evaluate(expression, SERIES, 3, 60)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('ALARM("a")', True),
        ("ALARM(a) AND OK(b)", True),
        ("ALARM(a) AND NOT OK(b)", False),
        ("(ALARM(b) OR ALARM(a)) AND NOT (ALARM(b) OR INSUFFICIENT_DATA(b))", True),
        ("ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:a)", True),
        ("ALARM(gone)", False),
        ("TRUE AND NOT FALSE", True),
    ],
)
def test_alarm_rules(rule: str, expected: bool) -> None:
    assert composite.holds(rule, {"a": "ALARM", "b": "OK"}.get) is expected


@pytest.mark.parametrize("rule", ["", "ALARM(a", "ALARM(a) OK(b)", "MAYBE(a)", "(ALARM(a)"])
def test_a_broken_rule_is_refused(rule: str) -> None:
    with pytest.raises(composite.RuleError):
        composite.holds(rule, lambda _: None)


def points(*values: float) -> list[Any]:
    return [SimpleNamespace(value=value, unit="Count") for value in values]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 10.0),
        ("Average", 2.5),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("SampleCount", 4.0),
        ("p50", 2.5),
        ("p100", 4.0),
    ],
)
def test_statistics(name: str, expected: float) -> None:
    assert data.statistic(name, points(4, 1, 3, 2)) == expected


def test_a_statistic_set_counts_with_all_its_samples() -> None:
    batch = SimpleNamespace(sum=30.0, min=5.0, max=9.0, sample_count=4, unit="Count")
    assert data.statistic("Average", [*points(10), batch]) == 8.0
    assert data.statistic("Maximum", [batch]) == 9.0
    assert data.statistic("Sum", [batch], unit="Bytes") is None
