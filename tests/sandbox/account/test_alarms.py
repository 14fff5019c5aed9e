"""Alarms of a running account; an emulated minute lasts half a second."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account, wait_for


def metric(account: Account, name: str, value: float) -> None:
    account.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[{"MetricName": name, "Value": value}])


def alarm(account: Account, name: str, **more: Any) -> None:
    plain = {"Namespace": "Test", "MetricName": name, "Statistic": "Sum", "Period": 60}
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        EvaluationPeriods=more.pop("EvaluationPeriods", 1),
        **({} if "Metrics" in more else plain),
        **more,
    )


def described(account: Account, name: str) -> dict[str, Any]:
    found = account.client("cloudwatch").describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return dict((found["MetricAlarms"] + found["CompositeAlarms"])[0])


def reaches(account: Account, name: str, state: str) -> dict[str, Any]:
    return dict(
        wait_for(
            lambda: (now := described(account, name))["StateValue"] == state and now, what=f"{name} becoming {state}"
        )
    )


def inbox(account: Account, name: str) -> tuple[str, str]:
    """Make a topic with a queue behind it; returns the topic's ARN and the queue's URL."""
    topic = account.client("sns").create_topic(Name=name)["TopicArn"]
    url = account.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{account.region}:{account.id}:{name}"
    account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return topic, url


def next_message(account: Account, url: str) -> dict[str, Any]:
    found = wait_for(lambda: account.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    return dict(json.loads(json.loads(found[0]["Body"])["Message"]))


def test_an_alarm_follows_its_data_and_tells_its_topic(account: Account) -> None:
    topic, url = inbox(account, "alarm-follows")
    alarm(account, "follows", AlarmActions=[topic], TreatMissingData="notBreaching")
    assert described(account, "follows")["StateValue"] == "INSUFFICIENT_DATA"
    metric(account, "follows", 9)
    reason = reaches(account, "follows", "ALARM")["StateReason"]
    assert reason.startswith("Threshold Crossed: 1 out of the last 1 datapoints [9.0 (")
    message = next_message(account, url)
    assert (message["AlarmName"], message["NewStateValue"]) == ("follows", "ALARM")
    assert message["Trigger"]["MetricName"] == "follows"
    reaches(account, "follows", "OK")
    kinds = [
        item["HistoryItemType"]
        for item in account.client("cloudwatch").describe_alarm_history(AlarmName="follows")["AlarmHistoryItems"]
    ]
    assert kinds.count("StateUpdate") >= 2
    assert {"Action", "ConfigurationUpdate"} <= set(kinds)


@pytest.mark.long
def test_an_error_rate_is_judged_by_metric_math(account: Account) -> None:
    def stat(name: str) -> dict[str, Any]:
        source = {"Metric": {"Namespace": "Test", "MetricName": f"rate-{name}"}, "Period": 60, "Stat": "Sum"}
        return {"Id": name, "MetricStat": source, "ReturnData": False}

    alarm(account, "rate", Metrics=[{"Id": "r", "Expression": "errors / calls * 100"}, stat("errors"), stat("calls")])
    for number in range(10):
        metric(account, "rate-calls", 1)
        metric(account, "rate-errors", float(number < 2))
    # The calls may fall into two minutes; the errors are the first ones, so the first rate is 20 or more.
    reason = reaches(account, "rate", "ALARM")["StateReason"]
    assert "was greater than the threshold (5.0)" in reason


@pytest.mark.long
def test_a_state_set_by_hand_holds_until_there_is_newer_data(account: Account) -> None:
    alarm(account, "by-hand", TreatMissingData="notBreaching")
    reaches(account, "by-hand", "OK")
    account.client("cloudwatch").set_alarm_state(AlarmName="by-hand", StateValue="ALARM", StateReason="a drill")
    time.sleep(1.5)
    assert described(account, "by-hand")["StateReason"] == "a drill"
    metric(account, "by-hand", 1)
    reaches(account, "by-hand", "OK")


def test_an_updated_alarm_keeps_its_state(account: Account) -> None:
    alarm(account, "updated", TreatMissingData="breaching")
    reaches(account, "updated", "ALARM")
    alarm(account, "updated", TreatMissingData="breaching", AlarmDescription="more words")
    assert described(account, "updated")["StateValue"] == "ALARM"


@pytest.mark.long
def test_a_composite_alarm_follows_its_rule(account: Account) -> None:
    alarm(account, "part", TreatMissingData="notBreaching")
    reaches(account, "part", "OK")
    account.client("cloudwatch").put_composite_alarm(AlarmName="whole", AlarmRule='ALARM("part") AND NOT ALARM("none")')
    reaches(account, "whole", "OK")
    metric(account, "part", 100)
    assert "part transitioned to ALARM" in reaches(account, "whole", "ALARM")["StateReason"]


def test_a_function_is_an_action(account: Account) -> None:
    url = account.client("sqs").create_queue(QueueName="alarm-function")["QueueUrl"]
    arn = account.function(
        "alarm-action",
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    body = json.dumps({'Message': json.dumps(event)})\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=body)\n",
    )
    alarm(account, "calls-function", AlarmActions=[arn], TreatMissingData="breaching")
    event = next_message(account, url)
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["state"]["value"] == "ALARM"
