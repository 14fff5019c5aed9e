from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.account.export import diff
from tests.sandbox.account.conftest import Account, package

CODE = "def handler(event, context): return 1\n"
PACKAGE = package(CODE)


def export(account: Account, query: str = "") -> dict[str, Any]:
    return dict(json.loads(account.get(f"/_sandbox/account{query}")))


def fill(account: Account) -> None:
    account.client("sqs").create_queue(QueueName="jobs-dead")
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{account.id}:jobs-dead", "maxReceiveCount": 3}
    url = account.client("sqs").create_queue(QueueName="jobs", Attributes={"RedrivePolicy": json.dumps(policy)})
    account.client("sqs").send_message(QueueUrl=url["QueueUrl"], MessageBody="work")
    account.function("worker", CODE, Code={"ZipFile": PACKAGE}, Publish=True)
    account.client("lambda").create_alias(FunctionName="worker", Name="live", FunctionVersion="1")
    account.client("lambda").create_event_source_mapping(
        FunctionName="worker:live", EventSourceArn=f"arn:aws:sqs:us-east-1:{account.id}:jobs", Enabled=False
    )
    account.client("dynamodb").create_table(
        TableName="documents",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.client("dynamodb").put_item(TableName="documents", Item={"k": {"S": "1"}, "b": {"B": b"bytes"}})
    account.client("s3").create_bucket(Bucket="export-bucket")
    account.client("s3").put_object(Bucket="export-bucket", Key="a.pdf", Body=b"content")
    topic = account.client("sns").create_topic(Name="incidents")["TopicArn"]
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    account.client("secretsmanager").create_secret(Name="database", SecretString="very secret words")
    account.client("apigateway").create_rest_api(name="api")
    account.client("ssm").put_parameter(Name="/flags/websocket", Value="true", Type="String")


@pytest.mark.long
def test_an_export_is_stable_complete_and_survives_a_restart(own_account: Callable[..., Account]) -> None:
    account = own_account()
    fill(account)
    first = account.get("/_sandbox/account?data=1")
    assert account.get("/_sandbox/account?data=1") == first
    assert b"very secret words" not in first
    found = json.loads(first)
    configuration, data = found["configuration"], found["data"]
    queues = configuration["sqs"]["us-east-1"]["queues"]
    assert queues["jobs"]["dead_letter_queue"] == "-> sqs/us-east-1/queues/jobs-dead"
    assert configuration["lambda"]["us-east-1"]["lambdas"]["functions"]["worker"]["latest"]["timeout"] == 10
    assert configuration["cloudwatch"]["us-east-1"]["alarms"]["errors"]["threshold"] == 1
    assert configuration["apigateway"]["us-east-1"]["apis"]["<api>"]["name"] == "api"
    assert data["sqs/us-east-1"]["jobs"] == [{"body": "work"}]
    assert data["dynamodb/us-east-1"]["documents"][0]["k"] == {"S": "1"}
    assert list(data["s3/aws"]["export-bucket"]) == ["a.pdf"]
    account.stop()
    account.start()
    assert diff(found, export(account, "?data=1"), history=True) == []
    assert account.get("/_sandbox/account?data=1") == first


@pytest.mark.long
def test_an_update_and_its_reverse_leave_history_only(own_account: Callable[..., Account]) -> None:
    account = own_account()
    fill(account)
    functions, sqs = account.client("lambda"), account.client("sqs")
    before = export(account)

    functions.update_function_code(FunctionName="worker", ZipFile=package("def handler(event, context): return 2\n"))
    functions.publish_version(FunctionName="worker")
    functions.update_alias(FunctionName="worker", Name="live", FunctionVersion="2")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "900"})
    account.client("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    mapping = functions.list_event_source_mappings()["EventSourceMappings"][0]
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    between = diff(before, export(account))
    assert "~ configuration/sqs/us-east-1/queues/jobs/visibility_timeout: 30 -> 900" in between
    assert any(line.startswith("+ configuration/events/us-east-1") or "nightly" in line for line in between)
    assert any(line.startswith("- ") and "event_source_mappings" in line for line in between)

    functions.update_function_code(FunctionName="worker", ZipFile=PACKAGE)
    functions.update_alias(FunctionName="worker", Name="live", FunctionVersion="1")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    account.client("events").delete_rule(Name="nightly")
    functions.create_event_source_mapping(
        FunctionName="worker:live", EventSourceArn=mapping["EventSourceArn"], Enabled=False
    )
    after = export(account)
    assert diff(before, after) == []
    assert any("functions/worker/versions" in line for line in diff(before, after, history=True))


def test_what_shares_a_name_and_is_made_again_is_told_apart_by_its_content(own_account: Callable[..., Account]) -> None:
    account = own_account()
    gateway = account.client("apigatewayv2")
    api = gateway.create_api(Name="socket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")

    def connect(function: str) -> str:
        arn = f"arn:aws:lambda:us-east-1:{account.id}:function:{function}:live/invocations"
        made = gateway.create_integration(ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=arn)
        return str(made["IntegrationId"])

    first = {function: connect(function) for function in ("greet", "part")}
    before = export(account)
    for identity in first.values():
        gateway.delete_integration(ApiId=api["ApiId"], IntegrationId=identity)
    assert diff(before, export(account))
    again = {function: connect(function) for function in ("part", "greet")}
    assert not set(first.values()) & set(again.values())
    assert diff(before, export(account)) == []


def test_a_diff_names_what_was_added_removed_and_changed() -> None:
    a = {"configuration": {"x": {"kept": 1, "gone": 2, "moved": [1]}}, "history": {"h": 1}}
    b = {"configuration": {"x": {"kept": 1, "new": {"n": 1}, "moved": [2]}}, "history": {"h": 2}}
    assert diff(a, b) == [
        "- configuration/x/gone: 2",
        "~ configuration/x/moved: [1] -> [2]",
        '+ configuration/x/new: {"n": 1}',
    ]
    assert diff(a, b, history=True)[-1] == "~ history/h: 1 -> 2"


def test_the_newest_version_of_a_parameter_is_what_is_set_and_the_earlier_ones_are_history(
    own_account: Callable[..., Account],
) -> None:
    account = own_account()
    ssm = account.client("ssm")
    ssm.put_parameter(Name="/app/revision", Value="one", Type="String")
    before = export(account)
    ssm.put_parameter(Name="/app/revision", Value="two", Type="String", Overwrite=True)
    assert any("/app/revision" in line for line in diff(before, export(account)))
    ssm.put_parameter(Name="/app/revision", Value="one", Type="String", Overwrite=True)
    assert diff(before, export(account)) == []
    assert any("/app/revision" in line for line in diff(before, export(account), history=True))
