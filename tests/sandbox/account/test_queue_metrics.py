from __future__ import annotations

import time
from typing import Any

from tests.sandbox.account.conftest import Account, wait_for


def newest(account: Account, queue: str, name: str) -> float | None:
    now = time.time()
    found: list[dict[str, Any]] = account.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=name,
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - 600,
        EndTime=now + 60,
        Period=1,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(found, key=lambda point: point["Timestamp"])["Maximum"] if found else None


def test_depth_age_and_traffic_are_reported(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="measured")["QueueUrl"]
    for body in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    wait_for(lambda: newest(account, "measured", "ApproximateNumberOfMessagesVisible") == 3)
    got = sqs.receive_message(QueueUrl=url)["Messages"][0]
    wait_for(lambda: newest(account, "measured", "ApproximateNumberOfMessagesNotVisible") == 1)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    wait_for(lambda: (newest(account, "measured", "ApproximateAgeOfOldestMessage") or 0) >= 1)
    expected = {"Sent": 3.0, "Received": 1.0, "Deleted": 1.0}

    def counted() -> dict[str, float]:
        return {
            name: account.total("AWS/SQS", f"NumberOfMessages{name}", {"QueueName": "measured"}) for name in expected
        }

    wait_for(lambda: counted() == expected)


def test_a_message_in_the_dead_letter_queue_raises_an_alarm(account: Account) -> None:
    url = account.client("sqs").create_queue(QueueName="watched-dlq")["QueueUrl"]
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="dlq-messages",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "watched-dlq"}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return str(cloudwatch.describe_alarms(AlarmNames=["dlq-messages"])["MetricAlarms"][0]["StateValue"])

    wait_for(lambda: state() == "OK")
    account.client("sqs").send_message(QueueUrl=url, MessageBody="failed")
    wait_for(lambda: state() == "ALARM")
    account.client("sqs").purge_queue(QueueUrl=url)
    wait_for(lambda: state() == "OK")
