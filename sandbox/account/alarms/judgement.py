"""From the data points of an alarm to its state: M out of N, and what missing data counts as.

Source: CloudWatch user guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing data".
"""

from collections.abc import Callable, Sequence
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

EXTRA_PERIODS = 2
"""CloudWatch looks at more periods than it evaluates, so that a late data point isn't missing at once."""

COMPARISONS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "GreaterThanThreshold": ("greater than", lambda value, bound: value > bound),
    "GreaterThanOrEqualToThreshold": ("greater than or equal to", lambda value, bound: value >= bound),
    "LessThanThreshold": ("less than", lambda value, bound: value < bound),
    "LessThanOrEqualToThreshold": ("less than or equal to", lambda value, bound: value <= bound),
}


def judge(
    series: Sequence[float | None],
    periods: int,
    to_alarm: int,
    breaches: Callable[[float], bool],
    missing: Missing,
) -> State | None:
    """Return the state that a series asks for, None where the current state stays.

    Args:
        series: one value per period of the evaluation range, oldest first, None where there's no data.
        periods: EvaluationPeriods (N).
        to_alarm: DatapointsToAlarm (M).
        breaches: whether a value is on the wrong side of the threshold.
        missing: TreatMissingData.
    """
    present = [value for value in series if value is not None]
    if not present:
        no_data: dict[str, State | None] = {"breaching": "ALARM", "notBreaching": "OK", "ignore": None}
        return no_data.get(missing, "INSUFFICIENT_DATA")
    judged = present[-periods:]
    bad = sum(1 for value in judged if breaches(value))
    absent = periods - len(judged)
    if bad >= to_alarm or (missing == "breaching" and bad + absent >= to_alarm):
        return "ALARM"
    if not absent or missing in {"breaching", "notBreaching"} or bad < len(judged):
        return "OK"
    # Only breaching points, too few of them to count to M.
    oldest = next(index for index, value in enumerate(series) if value is not None)
    if missing == "missing" and len(series) - oldest >= to_alarm:
        return "ALARM"
    return None
