from __future__ import annotations

import json

import pytest

from tests.sandbox.account.conftest import Account, wait_for


def dead_letters(account: Account, name: str, count: int) -> tuple[str, str]:
    """Make a queue whose messages have all gone to its dead-letter queue; returns both URLs."""
    sqs = account.client("sqs")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": arn(account, f"{name}-dead"), "maxReceiveCount": 1}
    attributes = {"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    wait_for(lambda: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10) and waiting(account, dead) == count)
    return url, dead


def arn(account: Account, name: str) -> str:
    return f"arn:aws:sqs:{account.region}:{account.id}:{name}"


def waiting(account: Account, url: str) -> int:
    found = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(found["Attributes"]["ApproximateNumberOfMessages"])


def test_dead_letters_go_back_to_their_queue(account: Account) -> None:
    sqs = account.client("sqs")
    url, dead = dead_letters(account, "moved", 3)
    sqs.start_message_move_task(SourceArn=arn(account, "moved-dead"))
    wait_for(lambda: waiting(account, url) == 3)
    task = wait_for(
        lambda: [
            one
            for one in sqs.list_message_move_tasks(SourceArn=arn(account, "moved-dead"))["Results"]
            if one["Status"] == "COMPLETED"
        ]
    )[0]
    assert task["ApproximateNumberOfMessagesMoved"] == 3
    assert waiting(account, dead) == 0


def test_a_slow_move_can_be_cancelled(account: Account) -> None:
    sqs = account.client("sqs")
    url, dead = dead_letters(account, "slow", 8)
    handle = sqs.start_message_move_task(SourceArn=arn(account, "slow-dead"), MaxNumberOfMessagesPerSecond=1)[
        "TaskHandle"
    ]
    sqs.cancel_message_move_task(TaskHandle=handle)
    assert sqs.list_message_move_tasks(SourceArn=arn(account, "slow-dead"))["Results"][0]["Status"] == "CANCELLED"
    assert waiting(account, dead) + waiting(account, url) == 8
    assert waiting(account, dead) > 0


def test_only_a_dead_letter_queue_can_be_moved(account: Account) -> None:
    sqs = account.client("sqs")
    sqs.create_queue(QueueName="ordinary")
    with pytest.raises(sqs.exceptions.ClientError, match="Dead Letter Queue"):
        sqs.start_message_move_task(SourceArn=arn(account, "ordinary"))
