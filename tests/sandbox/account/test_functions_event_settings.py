"""Settings of asynchronous invocation: one set a qualifier; a put replaces, an update merges, events go by them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.account.conftest import Account

FAILS = "def handler(event, context): raise ValueError('never')\n"


@pytest.fixture(scope="module")
def lambdas(account: Account) -> Any:
    client = account.client("lambda")
    account.function("settled", FAILS)
    client.publish_version(FunctionName="settled")
    client.create_alias(FunctionName="settled", Name="live", FunctionVersion="1")
    return client


def to(account: Account, queue: str) -> dict[str, Any]:
    return {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account.id}:{queue}"}}


def test_a_put_replaces_and_an_update_merges(account: Account, lambdas: Any) -> None:
    named = {"FunctionName": "settled", "Qualifier": "live"}
    lambdas.put_function_event_invoke_config(**named, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
    lambdas.put_function_event_invoke_config(**named, MaximumRetryAttempts=0)
    found = lambdas.get_function_event_invoke_config(**named)
    assert found["MaximumRetryAttempts"] == 0
    assert "MaximumEventAgeInSeconds" not in found
    lambdas.update_function_event_invoke_config(**named, DestinationConfig=to(account, "a"))
    found = lambdas.get_function_event_invoke_config(**named)
    assert (found["MaximumRetryAttempts"], found["DestinationConfig"]["OnFailure"]) == (
        0,
        to(account, "a")["OnFailure"],
    )
    assert found["FunctionArn"].endswith(":function:settled:live")


def test_each_qualifier_has_its_own(lambdas: Any) -> None:
    for qualifier, tries in (("live", 1), ("1", 0)):
        lambdas.put_function_event_invoke_config(
            FunctionName="settled", Qualifier=qualifier, MaximumRetryAttempts=tries
        )
    with pytest.raises(lambdas.exceptions.ResourceNotFoundException):
        lambdas.get_function_event_invoke_config(FunctionName="settled")
    listed = lambdas.list_function_event_invoke_configs(FunctionName="settled")["FunctionEventInvokeConfigs"]
    assert [each["MaximumRetryAttempts"] for each in listed] == [0, 1]
    lambdas.delete_function_event_invoke_config(FunctionName="settled", Qualifier="1")
    assert lambdas.get_function_event_invoke_config(FunctionName="settled:live")["MaximumRetryAttempts"] == 1
    for wrong in ({"Qualifier": "1"}, {"Qualifier": "none"}):
        with pytest.raises(lambdas.exceptions.ResourceNotFoundException):
            lambdas.delete_function_event_invoke_config(FunctionName="settled", **wrong)


def test_an_event_goes_by_the_settings_of_the_qualifier_it_was_sent_to(account: Account, lambdas: Any) -> None:
    sqs = account.client("sqs")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("for-live", "for-latest")}
    for qualifier, queue in (("live", "for-live"), ("$LATEST", "for-latest")):
        lambdas.put_function_event_invoke_config(
            FunctionName="settled",
            Qualifier=qualifier,
            MaximumRetryAttempts=0,
            DestinationConfig=to(account, queue),
        )
    lambdas.invoke(FunctionName="settled", Qualifier="live", InvocationType="Event", Payload=b'{"n": 1}')
    (message,) = sqs.receive_message(QueueUrl=urls["for-live"], WaitTimeSeconds=20)["Messages"]
    record = json.loads(message["Body"])
    assert (record["requestPayload"], record["requestContext"]["approximateInvokeCount"]) == ({"n": 1}, 1)
    assert record["requestContext"]["functionArn"].endswith(":settled:live")
    assert "Messages" not in sqs.receive_message(QueueUrl=urls["for-latest"])
