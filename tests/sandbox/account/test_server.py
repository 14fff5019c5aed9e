from __future__ import annotations

import ctypes
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from sandbox.account.server import changes


def test_every_arn_carries_the_account_id(account: Any) -> None:
    sqs, sns = account.client("sqs"), account.client("sns")
    queue = sqs.create_queue(QueueName="arns")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="arns")["TopicArn"]
    table = account.client("dynamodb").create_table(
        TableName="arns",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    for arn in (queue_arn, topic, table, account.role()):
        assert f":{account.id}:" in arn
    assert account.client("sts").get_caller_identity()["Account"] == account.id


def test_any_region_and_any_credentials_work(account: Any) -> None:
    import boto3

    queue = boto3.client(
        "sqs",
        region_name="eu-central-1",
        endpoint_url=account.url,
        aws_access_key_id="someone",
        aws_secret_access_key="else",
    ).create_queue(QueueName="far-away")
    assert queue["QueueUrl"].endswith(f"/{account.id}/far-away")
    assert not account.client("sqs").list_queues(QueueNamePrefix="far-away").get("QueueUrls")


def test_a_taken_port_is_one_line_and_exit_code_3(account: Any) -> None:
    done = subprocess.run(account.command(), capture_output=True, text=True, timeout=60, cwd=".", check=False)
    assert done.returncode == 3
    assert done.stderr == f"port {account.port} on 127.0.0.1 is taken by another program\n"


def test_an_account_id_of_other_than_twelve_digits_is_refused(account: Any) -> None:
    command = [word if word != account.id else "12" for word in account.command()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=".", check=False)
    assert done.returncode == 2
    assert "twelve digits" in done.stderr


def test_sigterm_saves_and_stops_within_two_seconds(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.client("sqs").create_queue(QueueName="kept")
    began = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - began < 2
    assert own.log() == ""
    own.start()
    assert own.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]


def test_a_stop_that_another_thread_hears_of_ends_the_server(own_account: Callable[..., Any]) -> None:
    own = own_account()
    assert own.process is not None
    other = next(each.id for each in psutil.Process(own.process.pid).threads() if each.id != own.process.pid)
    assert ctypes.CDLL(None).tgkill(own.process.pid, other, int(signal.SIGTERM)) == 0
    assert own.process.wait(10) == 0


def test_a_hanging_function_does_not_hold_up_the_stop(own_account: Callable[..., Any]) -> None:
    own = own_account()
    own.function("hangs", "import time\ndef handler(event, context): time.sleep(60)\n", Timeout=60)
    own.client("lambda").invoke(FunctionName="hangs", InvocationType="Event", Payload=b"{}")
    time.sleep(1)
    began = time.monotonic()
    assert own.process is not None
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(10) == 0
    assert time.monotonic() - began < 2


def test_unknown_extra_paths_are_left_to_moto(account: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(account.url + "/no-such-bucket/no-such-key")
    assert caught.value.code == 404


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REQUEST_METHOD": "GET"}, False),
        ({"REQUEST_METHOD": "PUT"}, True),
        ({"REQUEST_METHOD": "POST"}, True),
        ({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.GetItem"}, False),
        ({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.PutItem"}, True),
        ({"REQUEST_METHOD": "POST", "HTTP_X_AMZ_TARGET": "AmazonSQS.ReceiveMessage"}, True),
    ],
)
def test_only_requests_that_may_change_something_wake_the_saver(environ: dict[str, str], expected: bool) -> None:
    assert changes(environ) is expected
