from __future__ import annotations

import base64
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account.conftest import package, wait_for

SOURCE = """
import os, time
import boto3
calls = 0

def handler(event, context):
    global calls
    calls += 1
    print("got", event.get("say"))
    if event.get("fail"):
        raise ValueError("boom")
    if event.get("exit"):
        os._exit(3)
    if event.get("unmarshalable"):
        return {1, 2}
    time.sleep(event.get("sleep", 0))
    if event.get("account"):
        return boto3.client("sts").get_caller_identity()["Account"]
    return {
        "calls": calls, "version": context.function_version, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb,
        "id": context.aws_request_id, "group": context.log_group_name, "name": context.function_name,
        "setting": os.environ.get("SETTING"), "region": os.environ["AWS_REGION"],
    }
"""


@pytest.fixture(scope="module")
def function(account: Any) -> str:
    account.function("plain", SOURCE, Environment={"Variables": {"SETTING": "one"}}, Timeout=2)
    return "plain"


def test_context_and_environment(account: Any, function: str) -> None:
    result, answer = account.invoke(function)
    arn = f"arn:aws:lambda:us-east-1:{account.id}:function:plain"
    assert (result["version"], result["arn"], result["name"]) == ("$LATEST", arn, "plain")
    assert (result["setting"], result["region"], result["group"]) == ("one", "us-east-1", "/aws/lambda/plain")
    assert 0 < result["left"] <= 2000
    assert result["memory"] == "128"
    assert len(result["id"]) == 36
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer


def test_an_environment_is_reused(account: Any, function: str) -> None:
    first, _ = account.invoke(function)
    second, _ = account.invoke(function)
    assert second["calls"] == first["calls"] + 1


def test_a_handler_calls_back_into_the_account(account: Any, function: str) -> None:
    assert account.invoke(function, {"account": True})[0] == account.id


def test_an_exception_is_an_unhandled_error_with_its_trace(account: Any, function: str) -> None:
    result, answer = account.invoke(function, {"fail": True})
    assert answer["FunctionError"] == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "boom")
    assert "/var/task/handler.py" in result["stackTrace"][0]
    assert "bootstrap" not in "".join(result["stackTrace"])


def test_an_exit_of_the_process_is_reported(account: Any, function: str) -> None:
    result, answer = account.invoke(function, {"exit": True})
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Runtime.ExitError"
    assert "exit status 3" in result["errorMessage"]


def test_a_result_that_is_no_json_is_reported(account: Any, function: str) -> None:
    assert account.invoke(function, {"unmarshalable": True})[0]["errorType"] == "Runtime.MarshalError"


def test_a_timeout_ends_the_environment(account: Any, function: str) -> None:
    began = time.monotonic()
    result, answer = account.invoke(function, {"sleep": 30})
    assert time.monotonic() - began < 10
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert account.invoke(function)[0]["calls"] == 1


@pytest.mark.parametrize(
    ("handler", "source", "kind"),
    [
        ("handler.handler", "import no_such_module\n", "Runtime.ImportModuleError"),
        ("other.handler", "x = 1\n", "Runtime.ImportModuleError"),
        ("handler.other", "x = 1\n", "Runtime.HandlerNotFound"),
        ("handler.handler", "def handler(:\n", "Runtime.UserCodeSyntaxError"),
    ],
)
def test_code_that_does_not_load(account: Any, handler: str, source: str, kind: str) -> None:
    name = "broken-" + str(abs(hash((handler, source))))
    account.function(name, source, Handler=handler)
    result, answer = account.invoke(name)
    assert (result["errorType"], answer["FunctionError"]) == (kind, "Unhandled")


def test_the_log_has_the_lines_of_the_runtime(account: Any, function: str) -> None:
    _, answer = account.invoke(function, {"say": "a-marked-line"}, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0].startswith("START RequestId: ")
    assert tail[0].endswith("Version: $LATEST")
    assert "got a-marked-line" in tail
    assert tail[-2].startswith("END RequestId: ")
    assert "Billed Duration" in tail[-1]
    found = account.client("logs").filter_log_events(logGroupName="/aws/lambda/plain", filterPattern="a-marked-line")[
        "events"
    ]
    assert [event["message"] for event in found] == ["got a-marked-line"]
    assert "[$LATEST]" in found[0]["logStreamName"]


def test_metrics_are_counted_once_per_dimension_set(account: Any) -> None:
    account.function("counted", SOURCE, Publish=True)
    account.client("lambda").create_alias(FunctionName="counted", Name="live", FunctionVersion="1")
    for payload in ({}, {"fail": True}):
        account.invoke("counted", payload, Qualifier="live")
    account.invoke("counted")
    name = {"FunctionName": "counted"}
    live = {**name, "Resource": "counted:live"}
    assert account.total("AWS/Lambda", "Invocations", name) == 3
    assert account.total("AWS/Lambda", "Errors", name) == 1
    assert account.total("AWS/Lambda", "Invocations", live) == 2
    assert account.total("AWS/Lambda", "Errors", {**live, "ExecutedVersion": "1"}) == 1
    assert account.total("AWS/Lambda", "Invocations", {**name, "Resource": "counted"}) == 1
    assert account.total("AWS/Lambda", "Duration", name) > 0


def test_an_alias_with_weights_splits_the_calls(account: Any) -> None:
    client = account.client("lambda")
    account.function("split", "def handler(event, context): return context.function_version\n", Publish=True)
    client.update_function_code(
        FunctionName="split",
        ZipFile=package("def handler(event, context): return 'new ' + context.function_version\n"),
        Publish=True,
    )
    client.create_alias(
        FunctionName="split",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    seen = Counter((account.invoke("split", Qualifier="live")[1])["ExecutedVersion"] for _ in range(60))
    assert set(seen) == {"1", "2"}
    assert 10 < seen["2"] < 50
    client.update_alias(FunctionName="split", Name="live", RoutingConfig={})
    seen = Counter((account.invoke("split", Qualifier="live")[1])["ExecutedVersion"] for _ in range(10))
    assert seen == {"1": 10}


@pytest.mark.parametrize("qualifier", ["99", "nowhere"])
def test_an_unknown_qualifier_is_not_found(account: Any, function: str, qualifier: str) -> None:
    with pytest.raises(ClientError) as caught:
        account.invoke(function, Qualifier=qualifier)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_names_and_arns_of_every_form_reach_the_function(account: Any) -> None:
    arn = account.function("named", "def handler(event, context): return context.function_version\n", Publish=True)
    for name in ("named", f"{account.id}:function:named", arn):
        assert account.invoke(name)[0] == "$LATEST"
        assert account.invoke(f"{name}:1")[0] == "1"


def test_a_reservation_of_zero_stops_every_call(account: Any) -> None:
    client = account.client("lambda")
    account.function("stopped", "def handler(event, context): return 1\n")
    client.put_function_concurrency(FunctionName="stopped", ReservedConcurrentExecutions=0)
    assert client.get_function_concurrency(FunctionName="stopped")["ReservedConcurrentExecutions"] == 0
    assert client.get_function(FunctionName="stopped")["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        account.invoke("stopped")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert account.total("AWS/Lambda", "Throttles", {"FunctionName": "stopped"}) == 1
    assert account.total("AWS/Lambda", "Invocations", {"FunctionName": "stopped"}) == 0
    client.delete_function_concurrency(FunctionName="stopped")
    assert account.invoke("stopped")[0] == 1
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName="stopped")


def test_a_reservation_limits_concurrency(account: Any) -> None:
    client = account.client("lambda")
    account.function("narrow", "import time\ndef handler(event, context):\n    time.sleep(2)\n    return 1\n")
    client.put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)

    def call(_: int) -> Any:
        try:
            return account.invoke("narrow")[0]
        except client.exceptions.TooManyRequestsException:
            return "throttled"

    with ThreadPoolExecutor(3) as pool:
        assert sorted(map(str, pool.map(call, range(3)))) == ["1", "throttled", "throttled"]


def test_an_event_is_tried_three_times_and_then_goes_to_its_destination(account: Any) -> None:
    sqs, client = account.client("sqs"), account.client("lambda")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("event-dead", "event-failed")}
    arns = {name: f"arn:aws:sqs:us-east-1:{account.id}:{name}" for name in urls}
    account.function(
        "eventual",
        "def handler(event, context): raise ValueError('never')\n",
        DeadLetterConfig={"TargetArn": arns["event-dead"]},
    )
    client.put_function_event_invoke_config(
        FunctionName="eventual", DestinationConfig={"OnFailure": {"Destination": arns["event-failed"]}}
    )
    answer = client.invoke(FunctionName="eventual", InvocationType="Event", Payload=b'{"n": 1}')
    assert answer["StatusCode"] == 202
    failed = sqs.receive_message(QueueUrl=urls["event-failed"], WaitTimeSeconds=20)["Messages"][0]
    record = json.loads(failed["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"]["errorMessage"] == "never"
    dead = sqs.receive_message(QueueUrl=urls["event-dead"], WaitTimeSeconds=20)["Messages"][0]
    assert json.loads(dead["Body"]) == {"n": 1}
    assert account.total("AWS/Lambda", "Errors", {"FunctionName": "eventual"}) == 3


def test_a_throttled_event_waits_until_there_is_room(account: Any) -> None:
    client, sqs = account.client("lambda"), account.client("sqs")
    url = sqs.create_queue(QueueName="throttled-done")["QueueUrl"]
    account.function("later", "def handler(event, context): return 'done'\n")
    client.put_function_event_invoke_config(
        FunctionName="later",
        DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:sqs:us-east-1:{account.id}:throttled-done"}},
    )
    client.put_function_concurrency(FunctionName="later", ReservedConcurrentExecutions=0)
    client.invoke(FunctionName="later", InvocationType="Event", Payload=b"{}")
    wait_for(lambda: account.total("AWS/Lambda", "Throttles", {"FunctionName": "later"}))
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    client.delete_function_concurrency(FunctionName="later")
    record = json.loads(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"])
    assert record["responsePayload"] == "done"


def test_a_dry_run_and_a_broken_payload(account: Any, function: str) -> None:
    client = account.client("lambda")
    assert client.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(ClientError) as caught:
        client.invoke(FunctionName=function, Payload=b"{not json")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"
