from __future__ import annotations

import time

import pytest

from sandbox.account.log_metrics import matches
from tests.sandbox.account.conftest import Account


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR here", True),
        ("ERROR timeout", "an ERROR here", False),
        ('"Processing complete"', "Processing complete: 3 pages", True),
        ("ERROR -harmless", "ERROR but harmless", False),
        ("?WARN ?ERROR", "an ERROR", True),
        ('{ $.level = "ERROR" }', '{"level": "ERROR"}', True),
        ('{ $.level = "ERR*" && $.ms > 100 }', '{"level": "ERROR", "ms": 150}', True),
        ('{ $.level = "ERROR" && $.ms > 100 }', '{"level": "ERROR", "ms": 50}', False),
        ("{ ($.a.b[0] = 1) || ($.ok = true) }", '{"ok": true}', True),
        ("{ $.missing != 1 }", "{}", False),
        ("{ $.level = ERROR }", "not JSON", False),
    ],
)
def test_filter_patterns(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


def test_a_filter_turns_log_lines_into_a_metric(account: Account) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="/app/filtered")
    logs.create_log_stream(logGroupName="/app/filtered", logStreamName="one")
    for _ in range(2):
        logs.put_metric_filter(
            logGroupName="/app/filtered",
            filterName="slow",
            filterPattern="{ $.ms > 100 }",
            metricTransformations=[{"metricName": "Slow", "metricNamespace": "App", "metricValue": "$.ms"}],
        )
    now = int(time.time() * 1000)
    lines = ('{"ms": 150}', '{"ms": 50}', "no JSON")
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName="/app/filtered", logStreamName="one", logEvents=events)
    assert account.total("App", "Slow", {}) == 150.0
