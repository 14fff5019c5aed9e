"""The two tables of the CloudWatch user guide's page on missing data, and the rules around them."""

from __future__ import annotations

import pytest

from sandbox.account.alarms.judgement import COMPARISONS, Missing, judge

STATES = {"A": "ALARM", "O": "OK", "I": "INSUFFICIENT_DATA", "=": None}
KINDS: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")


def series(drawn: str) -> list[float | None]:
    """X breaches, 0 doesn't, - is missing."""
    return [{"X": 9.0, "0": 0.0, "-": None}[mark] for mark in drawn.split()]


@pytest.mark.parametrize(
    ("drawn", "states"),
    [
        ("0 - X - X", "OOOO"),
        ("0 - - - -", "OOOO"),
        ("- - - - -", "I=AO"),
        ("0 X X - X", "AAAA"),
        ("- - X - -", "A=AO"),
    ],
)
def test_three_out_of_three(drawn: str, states: str) -> None:
    judged = [judge(series(drawn), 3, 3, lambda value: value > 1, kind) for kind in KINDS]
    assert judged == [STATES[state] for state in states]


@pytest.mark.parametrize(
    ("drawn", "states"),
    [
        ("0 - X - X", "AAAA"),
        ("0 0 X 0 X", "AAAA"),
        ("0 - X - -", "OOAO"),
        ("- - - - 0", "OOAO"),
        ("- - - X -", "A=AO"),
    ],
)
def test_two_out_of_three(drawn: str, states: str) -> None:
    judged = [judge(series(drawn), 3, 2, lambda value: value > 1, kind) for kind in KINDS]
    assert judged == [STATES[state] for state in states]


def test_a_first_breaching_point_does_not_alarm_too_early() -> None:
    assert judge(series("- - - - X"), 3, 3, lambda value: value > 1, "missing") is None


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("GreaterThanThreshold", False, False, True),
        ("GreaterThanOrEqualToThreshold", False, True, True),
        ("LessThanThreshold", True, False, False),
        ("LessThanOrEqualToThreshold", True, True, False),
    ],
)
def test_comparison_operators(operator: str, below: bool, equal: bool, above: bool) -> None:
    compare = COMPARISONS[operator][1]
    assert [compare(value, 5.0) for value in (4.0, 5.0, 6.0)] == [below, equal, above]
