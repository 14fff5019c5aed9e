"""When the account's tickers rest: each member with nothing to do, and with something."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.pool import Pool
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from sandbox.account import background
from tests.sandbox.account.conftest import Account, wait_for

NOW = 1_000_000.0


@pytest.fixture(scope="module")
def apart() -> Iterator[Pool]:
    """A process of its own: importing what feeds functions puts itself in the place of moto's, for every other test."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool


def message(visible_at: float = 0.0, delayed_until: float = 0.0) -> Any:
    return SimpleNamespace(visible_at=visible_at * 1000, delayed_until=delayed_until * 1000)


def next_message_in(messages: list[Any]) -> float:
    from sandbox.account.event_sources import queues

    return queues.next_message_in(SimpleNamespace(_messages=messages), NOW)


@pytest.mark.parametrize(
    ("messages", "seconds"),
    [
        ([], math.inf),
        ([message()], 0.0),
        ([message(visible_at=NOW + 30)], 30.0),
        ([message(delayed_until=NOW + 5)], 5.0),
        ([message(visible_at=NOW + 30), message(visible_at=NOW + 8, delayed_until=NOW + 9)], 9.0),
        ([message(visible_at=NOW + 30), message(visible_at=NOW - 1)], 0.0),
    ],
)
def test_when_the_next_message_can_be_taken(apart: Pool, messages: list[Any], seconds: float) -> None:
    assert apart.apply(next_message_in, (messages,)) == seconds


def rests() -> tuple[dict[str, float], float]:
    """How long each ticker of an account that nobody uses rests, and the one of the queues' metrics."""
    from sandbox.account import queue_metrics
    from sandbox.account.alarms import evaluation
    from sandbox.account.codedeploy import lifecycle
    from sandbox.account.event_sources import message_move_tasks, sqs, streams
    from sandbox.account.functions import queued

    tickers = (
        sqs.tick,
        streams.tick,
        message_move_tasks.tick,
        evaluation.tick,
        lifecycle.advance_all,
        queued._start_due,
    )
    return {f"{tick.__module__}.{tick.__name__}": tick() or 0 for tick in tickers}, queue_metrics.tick() or 0


def test_tickers_of_an_empty_account_rest(apart: Pool) -> None:
    ticks, of_metrics = apart.apply(rests)
    assert len(ticks) == 6
    assert {name: rest for name, rest in ticks.items() if rest < background.UNTIL_CHANGED} == {}
    assert of_metrics > 0


@pytest.mark.long
def test_an_account_at_rest_takes_a_hundredth_of_a_processor(own_account: Any) -> None:
    """With a queue that feeds a function, a hidden message, an alarm and a table's stream; its minute is a real one."""
    account: Account = own_account("rest", 60.0)
    sqs, cloudwatch = account.client("sqs"), account.client("cloudwatch")
    arn = account.function("idle", "def handler(event, context):\n    raise ValueError('no')\n")
    url = sqs.create_queue(QueueName="idle", Attributes={"VisibilityTimeout": "300"})["QueueUrl"]
    queue = f"arn:aws:sqs:{account.region}:{account.id}:idle"
    account.client("lambda").create_event_source_mapping(FunctionName=arn, EventSourceArn=queue)
    cloudwatch.put_metric_alarm(
        AlarmName="idle",
        Namespace="Test",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    sqs.send_message(QueueUrl=url, MessageBody="hidden once it has failed")
    counts = ["ApproximateNumberOfMessagesNotVisible"]
    wait_for(lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"][counts[0]] == "1")
    assert account.process is not None
    process = psutil.Process(account.process.pid)
    time.sleep(8)
    before, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(20)
    assert sum(process.cpu_times()[:2]) - before < 0.01 * (time.monotonic() - began)
