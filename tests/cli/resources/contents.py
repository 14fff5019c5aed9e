"""A local account that holds one of everything that can be looked up."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.resources import Account
from tests.sandbox.account.conftest import ACCOUNT_ID, REGION, package
from tests.sandbox.account.conftest import Account as LocalAccount

OWNER = ACCOUNT_ID
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
}
RIGHTS = json.dumps(DOCUMENT)
QUEUE = "{queue}"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{OWNER}:jobs"
TOPIC = f"arn:aws:sns:{REGION}:{OWNER}:alarms"
POLICY = f"arn:aws:iam::{OWNER}:policy/shared"
FUNCTION = f"arn:aws:lambda:{REGION}:{OWNER}:function:api"
GRANT = {"action": "lambda:InvokeFunction", "principal": "apigateway.amazonaws.com", "function": "api"}
GATEWAY = "aws:apigateway"


@contextmanager
def account_with_everything(folder: Path) -> Iterator[Account]:
    """A running account that AWS tools are led to."""
    local = LocalAccount(folder / "state").start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "test")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            patch.setenv("AWS_ENDPOINT_URL", local.url)
            fill(local.client)
            yield Account(REGION)
    finally:
        local.kill()


API: dict[str, str] = {}
"""The ids that the account made up."""


def fill(client: Callable[[str], Any]) -> None:
    """One of everything."""
    API["queue"] = client("sqs").create_queue(QueueName="jobs", Attributes={"Policy": RIGHTS})["QueueUrl"]
    client("sqs").create_queue(QueueName="bare")
    client("dynamodb").create_table(
        TableName="jobs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    client("sns").create_topic(Name="alarms")
    told = client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE_ARN, ReturnSubscriptionArn=True)
    API["subscription"] = told["SubscriptionArn"]
    client("s3").create_bucket(Bucket="store")
    client("ssm").put_parameter(Name="/a/b", Value="v", Type="String")
    metric = {"MetricName": "m", "Namespace": "n", "Period": 60, "Statistic": "Sum"}
    bound = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    client("cloudwatch").put_metric_alarm(AlarmName="errors", **metric, **bound)
    client("cloudwatch").put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors)")
    client("cloudwatch").put_dashboard(DashboardName="board", DashboardBody='{"widgets": []}')
    for name in ("/aws/lambda/api", "/aws/lambda/api-2"):
        client("logs").create_log_group(logGroupName=name)
    rule = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    client("logs").put_metric_filter(
        logGroupName="/aws/lambda/api", filterName="failed", filterPattern="x", metricTransformations=[rule]
    )
    roles(client)
    functions(client)
    gateway(client("apigateway"))
    client("codedeploy").create_application(applicationName="app", computePlatform="Lambda")
    client("codedeploy").create_deployment_group(
        applicationName="app",
        deploymentGroupName="group",
        serviceRoleArn=f"arn:aws:iam::{OWNER}:role/runs",
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    )


def roles(client: Callable[[str], Any]) -> None:
    iam = client("iam")
    iam.create_role(RoleName="runs", AssumeRolePolicyDocument="{}")
    iam.put_role_policy(RoleName="runs", PolicyName="own", PolicyDocument=RIGHTS)
    iam.create_policy(PolicyName="shared", PolicyDocument=RIGHTS)
    iam.attach_role_policy(RoleName="runs", PolicyArn=POLICY)


def functions(client: Callable[[str], Any]) -> None:
    api = client("lambda")
    given = {"Runtime": "python3.11", "Handler": "handler.handler", "Role": f"arn:aws:iam::{OWNER}:role/runs"}
    api.create_function(FunctionName="api", Code={"ZipFile": package("")}, Publish=True, **given)
    api.create_alias(FunctionName="api", Name="live", FunctionVersion="1")
    for statement, principal in {"gateway": "apigateway.amazonaws.com", "bucket": "s3.amazonaws.com"}.items():
        api.add_permission(
            FunctionName="api", StatementId=statement, Action="lambda:InvokeFunction", Principal=principal
        )
    API["consumer"] = api.create_event_source_mapping(EventSourceArn=QUEUE_ARN, FunctionName="api")["UUID"]
    api.put_function_event_invoke_config(FunctionName="api", MaximumRetryAttempts=1)


def gateway(api: Any) -> None:
    made = [api.create_rest_api(name=name) for name in ("service", "twice", "twice")]
    where = {"restApiId": made[0]["id"]}
    root = api.get_resources(**where)["items"][0]["id"]
    resource = api.create_resource(**where, parentId=root, pathPart="health")["id"]
    API.update(api=made[0]["id"], root=root, resource=resource)
    method = {**where, "resourceId": resource, "httpMethod": "GET"}
    api.put_method(**method, authorizationType="NONE")
    api.put_method_response(**method, statusCode="200")
    api.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations",
    )
    api.put_integration_response(**method, statusCode="200")
    deployment = api.create_deployment(**where)["id"]
    api.create_stage(**where, stageName="prod", deploymentId=deployment)
    patch = {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "5"}
    api.update_stage(**where, stageName="prod", patchOperations=[patch])


METHOD = {"restApi": "{api}", "resourceId": "{resource}", "httpMethod": "GET"}
CASES: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "aws:sqs/queue:Queue": ({"name": "jobs"}, QUEUE, ["AWS::SQS::Queue"]),
    "aws:sqs/queuePolicy:QueuePolicy": ({"queueUrl": QUEUE}, QUEUE, ["AWS::SQS::Queue"]),
    "aws:dynamodb/table:Table": ({"name": "jobs"}, "jobs", ["AWS::DynamoDB::Table"]),
    "aws:sns/topic:Topic": ({"name": "alarms"}, TOPIC, ["AWS::SNS::Topic"]),
    "aws:sns/topicSubscription:TopicSubscription": (
        {"topic": TOPIC, "protocol": "sqs", "endpoint": QUEUE_ARN},
        "{subscription}",
        ["AWS::SNS::Subscription", "AWS::SNS::Topic"],
    ),
    "aws:sns/topicPolicy:TopicPolicy": ({"arn": TOPIC}, TOPIC, ["AWS::SNS::Topic"]),
    "aws:s3/bucket:Bucket": ({"bucket": "store"}, "store", ["AWS::S3::Bucket"]),
    "aws:ssm/parameter:Parameter": ({"name": "/a/b"}, "/a/b", ["AWS::SSM::Parameter"]),
    "aws:lambda/function:Function": ({"name": "api"}, "api", ["AWS::Lambda::Function"]),
    "aws:lambda/alias:Alias": ({"functionName": FUNCTION, "name": "live"}, "api/live", ["AWS::Lambda::Alias"]),
    "aws:lambda/permission:Permission": (GRANT, "api/gateway", ["AWS::Lambda::Permission", "AWS::Lambda::Function"]),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        {"eventSourceArn": QUEUE_ARN, "functionName": f"{FUNCTION}:live"},
        "{consumer}",
        ["AWS::Lambda::EventSourceMapping", "AWS::Lambda::Function"],
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        {"functionName": "api"},
        "api",
        ["AWS::Lambda::Function"],
    ),
    f"{GATEWAY}/restApi:RestApi": ({"name": "service"}, "{api}", ["AWS::ApiGateway::RestApi"]),
    f"{GATEWAY}/resource:Resource": (
        {"restApi": "{api}", "parentId": "{root}", "pathPart": "health"},
        "{api}/{resource}",
        ["AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi"],
    ),
    f"{GATEWAY}/method:Method": (METHOD, "{api}/{resource}/GET", ["AWS::ApiGateway::RestApi"]),
    f"{GATEWAY}/integration:Integration": (METHOD, "{api}/{resource}/GET", ["AWS::ApiGateway::RestApi"]),
    f"{GATEWAY}/methodResponse:MethodResponse": (
        {**METHOD, "statusCode": "200"},
        "{api}/{resource}/GET/200",
        ["AWS::ApiGateway::RestApi"],
    ),
    f"{GATEWAY}/integrationResponse:IntegrationResponse": (
        {**METHOD, "statusCode": "200"},
        "{api}/{resource}/GET/200",
        ["AWS::ApiGateway::RestApi"],
    ),
    f"{GATEWAY}/stage:Stage": ({"restApi": "{api}", "stageName": "prod"}, "{api}/prod", ["AWS::ApiGateway::Stage"]),
    f"{GATEWAY}/methodSettings:MethodSettings": (
        {"restApi": "{api}", "stageName": "prod", "methodPath": "*/*"},
        "{api}/prod/*/*",
        ["AWS::ApiGateway::Stage"],
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ({"name": "errors"}, "errors", ["AWS::CloudWatch::Alarm"]),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        {"alarmName": "both"},
        "both",
        ["AWS::CloudWatch::CompositeAlarm"],
    ),
    "aws:cloudwatch/dashboard:Dashboard": ({"dashboardName": "board"}, "board", ["AWS::CloudWatch::Dashboard"]),
    "aws:cloudwatch/logGroup:LogGroup": (
        {"name": "/aws/lambda/api"},
        "/aws/lambda/api",
        ["AWS::Logs::LogGroup", "AWS::Lambda::Function"],
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        {"logGroupName": "/aws/lambda/api", "name": "failed"},
        "/aws/lambda/api:failed",
        ["AWS::Logs::MetricFilter"],
    ),
    "aws:codedeploy/application:Application": ({"name": "app"}, "app", ["AWS::CodeDeploy::Application"]),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": (
        {"appName": "app", "deploymentGroupName": "group"},
        "app:group",
        ["AWS::CodeDeploy::DeploymentGroup"],
    ),
    "aws:iam/role:Role": ({"name": "runs"}, "runs", ["AWS::IAM::Role"]),
    "aws:iam/rolePolicy:RolePolicy": (
        {"role": "runs", "name": "own"},
        "runs:own",
        ["AWS::IAM::Policy", "AWS::IAM::Role"],
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        {"role": "runs", "policyArn": POLICY},
        f"runs/{POLICY}",
        ["AWS::IAM::Role"],
    ),
    "aws:iam/policy:Policy": ({"name": "shared"}, POLICY, ["AWS::IAM::ManagedPolicy"]),
}
"""Type -> inputs of a resource, its import id, and the kinds of template resources it may be a part of."""


def known(inputs: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).format(**API) for name, value in inputs.items()}


def has_the_documented_form(kind: str, identifier: str) -> bool:
    """Whether an id looks like one in the Import section of the type's documentation."""
    module, name = kind.split(":")[1].partition("/")[0], kind.rsplit(":", 1)[1]
    sdk = importlib.import_module(f"pulumi_aws.{ {'lambda': 'lambda_'}.get(module, module) }")
    source = Path(inspect.getfile(getattr(sdk, name))).read_text(encoding="utf-8")
    documented = re.findall(rf"pulumi import {re.escape(kind)} \S+ (\S+)", source)
    return shape(identifier.format_map(Ids())) in {shape(each) for each in documented}


class Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"subscription": f"{TOPIC}:1", "queue": "https://sqs/1/jobs"}.get(name, "id")


def shape(identifier: str) -> str:
    """An id without its words: ``*/*/*`` for ``12345abcde/67890fghij/GET``; ARNs, URLs and paths are one word."""
    whole = re.sub(r"arn:aws:\S+|https?://\S+", "w", identifier)
    path = re.sub(r"^/[^:]*", "w", whole)
    return re.sub(r"[^/:]+", "w", path)
