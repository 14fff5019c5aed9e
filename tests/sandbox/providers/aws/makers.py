"""Resources of many types, with what they need around them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from typing import Any

from tests.sandbox.providers.aws.harness import Harness, Made, boto

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)


def archive(text: str) -> dict[str, Any]:
    """An archive value as the engine sends it."""
    import hashlib

    from sandbox.providers import wire

    asset = {wire.SIGNATURE: wire.ASSET, "text": text, "hash": hashlib.sha256(text.encode()).hexdigest()}
    return {
        wire.SIGNATURE: wire.ARCHIVE,
        "assets": {"handler.py": asset},
        "hash": hashlib.sha256(b"archive" + text.encode()).hexdigest(),
    }


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("handler.py", text)
    return buffer.getvalue()


CODE = "def handler(event, context):\n    return 1\n"


def role(h: Harness, name: str = "role") -> Made:
    return h.create("aws:iam/role:Role", name, assumeRolePolicy=TRUST)


def function(h: Harness, name: str = "fn", **more: Any) -> Made:
    return h.create(
        "aws:lambda/function:Function",
        name,
        role=role(h, f"{name}-role").state["arn"],
        runtime="python3.11",
        handler="handler.handler",
        code=archive(CODE),
        **more,
    )


def bucket(h: Harness, **more: Any) -> Made:
    return h.create("aws:s3/bucket:Bucket", "bucket", **more)


def queue(h: Harness, name: str = "queue", **more: Any) -> Made:
    return h.create("aws:sqs/queue:Queue", name, **more)


def topic(h: Harness) -> Made:
    return h.create("aws:sns/topic:Topic", "topic")


def table(h: Harness, **more: Any) -> Made:
    return h.create(
        "aws:dynamodb/table:Table",
        "table",
        hashKey="pk",
        billingMode="PAY_PER_REQUEST",
        attributes=[{"name": "pk", "type": "S"}],
        **more,
    )


def on_bucket(token: str, **inputs: Any) -> Callable[[Harness], Made]:
    return lambda h: h.create(token, "setting", bucket=bucket(h).id, **inputs)


def notification(h: Harness) -> Made:
    held, target = bucket(h), queue(h)
    block = {"queueArn": target.state["arn"], "events": ["s3:ObjectCreated:*"], "filterPrefix": "in/"}
    return h.create("aws:s3/bucketNotification:BucketNotification", "note", bucket=held.id, queues=[block])


def metric_alarm(h: Harness, name: str = "alarm") -> Made:
    return h.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        name,
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=2,
        metricName="Errors",
        namespace="AWS/Lambda",
        period=60,
        statistic="Sum",
        threshold=5,
        dimensions={"FunctionName": "fn"},
        alarmActions=[topic(h).state["arn"]],
        tags={"a": "b"},
    )


def expression_alarm(h: Harness) -> Made:
    metric = {"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "stat": "Sum", "dimensions": {"F": "x"}}
    return h.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "expression",
        comparisonOperator="GreaterThanOrEqualToThreshold",
        evaluationPeriods=1,
        threshold=0.05,
        metricQueries=[
            {"id": "errors", "metric": metric},
            {"id": "calls", "metric": {**metric, "metricName": "Invocations"}},
            {"id": "rate", "expression": "errors / calls", "label": "rate", "returnData": True},
        ],
    )


def composite_alarm(h: Harness) -> Made:
    name = metric_alarm(h).state["name"]
    return h.create(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm", "both", alarmName="both", alarmRule=f'ALARM("{name}")'
    )


def log_group(h: Harness) -> Made:
    return h.create("aws:cloudwatch/logGroup:LogGroup", "logs", retentionInDays=14, tags={"a": "b"})


def metric_filter(h: Harness) -> Made:
    return h.create(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "filter",
        logGroupName=log_group(h).id,
        pattern="ERROR",
        metricTransformation={"name": "Errors", "namespace": "app", "value": "1", "defaultValue": "0"},
    )


def event_rule(h: Harness) -> Made:
    return h.create("aws:cloudwatch/eventRule:EventRule", "rule", scheduleExpression="rate(5 minutes)", tags={"a": "b"})


def event_target(h: Harness) -> Made:
    return h.create(
        "aws:cloudwatch/eventTarget:EventTarget", "target", rule=event_rule(h).id, arn=queue(h).state["arn"], input="{}"
    )


def subscription(h: Harness) -> Made:
    return h.create(
        "aws:sns/topicSubscription:TopicSubscription",
        "sub",
        topic=topic(h).state["arn"],
        protocol="sqs",
        endpoint=queue(h).state["arn"],
        rawMessageDelivery=True,
    )


def instance(h: Harness) -> Made:
    return h.create(
        "aws:rds/instance:Instance",
        "db",
        engine="postgres",
        engineVersion="15",
        instanceClass="db.t3.micro",
        allocatedStorage=20,
        username="app",
        manageMasterUserPassword=True,
        backupRetentionPeriod=7,
        skipFinalSnapshot=True,
        applyImmediately=True,
        tags={"a": "b"},
    )


def subnet_group(h: Harness) -> Made:
    ec2 = boto("ec2", os.environ["AWS_ENDPOINT_URL"])
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"]][:2]
    return h.create("aws:rds/subnetGroup:SubnetGroup", "subnets", subnetIds=subnets, tags={"a": "b"})


def attachment(h: Harness) -> Made:
    policy = h.create("aws:iam/policy:Policy", "managed", policy=POLICY)
    return h.create(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "att", role=role(h).id, policyArn=policy.state["arn"]
    )


def alias(h: Harness) -> Made:
    held = function(h, publish=True)
    return h.create(
        "aws:lambda/alias:Alias", "live", functionName=held.id, functionVersion=held.state["version"], description="d"
    )


def application(h: Harness) -> Made:
    return h.create("aws:codedeploy/application:Application", "app", computePlatform="Lambda", tags={"a": "b"})


def deployment_group(h: Harness) -> Made:
    return h.create(
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
        "group",
        appName=application(h).state["name"],
        deploymentGroupName="group",
        serviceRoleArn=role(h).state["arn"],
        deploymentConfigName="CodeDeployDefault.LambdaCanary10Percent5Minutes",
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
        alarmConfiguration={"enabled": True, "alarms": ["one", "two"]},
    )


def secret(h: Harness) -> Made:
    return h.create("aws:secretsmanager/secret:Secret", "secret", description="d", tags={"a": "b"})
