"""Log metric filters: metrics out of what is written to log groups.

Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters": terms (all must occur), "quoted
phrases", -excluded and ?optional terms, and one-line JSON patterns such as { $.level = "ERROR" && $.ms > 100 }.
"""

from __future__ import annotations

import fnmatch
import json
import operator
import re
from collections.abc import Callable
from typing import Any

from moto.logs.models import LogsBackend

from sandbox.account import metrics

_put = LogsBackend.put_log_events
_put_filter = LogsBackend.put_metric_filter
_TERM = re.compile(r'([-?]?)(?:"([^"]*)"|(\S+))')
_CONDITION = re.compile(r"^\$((?:\.\w+|\[\d+\])+)\s*(=|!=|>=|<=|>|<)\s*(.+)$")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def matches(pattern: str, message: str) -> bool:
    """Return whether a log message matches a filter pattern; the empty pattern matches everything."""
    text = pattern.strip()
    if text.startswith("{") and text.endswith("}"):
        return _matches_json(text[1:-1], message)
    terms = [(sign, quoted or bare) for sign, quoted, bare in _TERM.findall(text)]
    optional = [term for sign, term in terms if sign == "?"]
    return (
        all(term in message for sign, term in terms if sign == "")
        and not any(term in message for sign, term in terms if sign == "-")
        and (not optional or any(term in message for term in optional))
    )


def _matches_json(conditions: str, message: str) -> bool:
    try:
        content = json.loads(message)
    except ValueError:
        return False
    return any(
        all(_holds(one.strip().strip("()").strip(), content) for one in alternative.split("&&"))
        for alternative in conditions.split("||")
    )


def _holds(condition: str, content: Any) -> bool:
    match = _CONDITION.match(condition)
    if match is None:
        return False
    path, sign, wanted = match.groups()
    found = value_at(path, content)
    if found is None:
        return False
    text = wanted.strip().strip('"')
    if sign in _COMPARE:
        try:
            return _COMPARE[sign](float(found), float(text))
        except (TypeError, ValueError):
            return False
    shown = json.dumps(found) if isinstance(found, bool) else str(found)
    equal = fnmatch.fnmatchcase(shown, text)
    if not equal and not isinstance(found, bool | str):
        equal = text.replace(".", "", 1).lstrip("-").isdigit() and float(text) == float(found)
    return equal if sign == "=" else not equal


def value_at(path: str, content: Any) -> Any:
    """Return what a path such as ".request.items[0]" leads to, None where it leads nowhere."""
    for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        try:
            content = content[name] if name else content[int(number)]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _value(template: Any, message: str) -> float | None:
    """Return the value of a metric: a number, or a field of the JSON message ("$.ms")."""
    text = str(template)
    try:
        return float(value_at(text[1:], json.loads(message)) if text.startswith("$") else text)
    except (TypeError, ValueError):
        return None


def put_log_events(
    self: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    """Store log events as moto does, then write the metrics that the group's filters make of them."""
    result: tuple[str, dict[str, Any]] = _put(self, log_group_name, log_stream_name, log_events)
    for one in self.filters.get_matching_filters(log_group_name=log_group_name):
        hits = [event["message"] for event in log_events if matches(one["filterPattern"] or "", event["message"])]
        for transformation in one["metricTransformations"]:
            values = [value for hit in hits if (value := _value(transformation["metricValue"], hit)) is not None]
            default = transformation.get("defaultValue")
            if not values and default is not None and log_events:
                values = [float(default)]
            unit = transformation.get("unit") or "None"
            for value in values:
                place = (transformation["metricNamespace"], transformation["metricName"])
                metrics.put(self.region_name, *place, value, {}, unit)
    return result


def put_metric_filter(
    self: LogsBackend, filter_name: str, filter_pattern: str, log_group_name: str, *rest: Any
) -> None:
    """Create a filter, or put it in the place of the one with its name (moto keeps both)."""
    self.filters.delete_filter(filter_name, log_group_name)
    _put_filter(self, filter_name, filter_pattern, log_group_name, *rest)


LogsBackend.put_log_events = put_log_events
LogsBackend.put_metric_filter = put_metric_filter
