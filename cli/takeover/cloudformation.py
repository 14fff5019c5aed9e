"""What CloudFormation runs: the stack's status, its parameters and the physical ids of its resources. Read only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.takeover.intrinsics import UnknownValueError, Values
from cli.takeover.model import Existing, TakeoverError
from cli.takeover.template import Template

NAMES = {
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGateway::Stage": "StageName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeDeploy::Application": "ApplicationName",
    "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Alias": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::MetricFilter": "FilterName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
}
"""The property that names a resource, by CloudFormation's type."""

_WITHIN = {
    "AWS::ApiGateway::Stage": "RestApiId",
    "AWS::CodeDeploy::DeploymentGroup": "ApplicationName",
    "AWS::Lambda::Alias": "FunctionName",
}
"""The property that says what a resource lies in, where names repeat."""


@dataclass(frozen=True)
class Deployed:
    """A stack as CloudFormation runs it; ``status`` is None where there is none."""

    name: str
    identifier: str = ""
    status: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Logical id -> type and physical id."""
    processed: Mapping[str, Any] | None = None
    """The template that it runs, transforms done."""


def look(name: str, region: str) -> Deployed:
    """The stack of that name. Raises `TakeoverError` while CloudFormation is at work on it; else what boto3 raises."""
    import boto3
    from botocore.exceptions import ClientError

    client = boto3.client("cloudformation", region_name=region)
    try:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return Deployed(name)
        raise
    status = stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise TakeoverError(f"CloudFormation is at work on {name} ({status}): run this again when it has ended")
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    summaries = [each for page in pages for each in page["StackResourceSummaries"]]
    body: Any = client.get_template(StackName=name, TemplateStage="Processed").get("TemplateBody")
    return Deployed(
        name,
        stack.get("StackId", ""),
        status,
        {
            each["ParameterKey"]: each.get("ResolvedValue") or each.get("ParameterValue", "")
            for each in stack.get("Parameters") or []
        },
        {
            each["LogicalResourceId"]: (each["ResourceType"], each["PhysicalResourceId"])
            for each in summaries
            if each.get("PhysicalResourceId") and each["ResourceStatus"] != "DELETE_COMPLETE"
        },
        _template(body),
    )


def existing(template: Template, deployed: Deployed, region: str, account: str) -> list[Existing]:
    """The resources that the template stands for: those of the running stack, or else those that the template names.

    Without a stack, names that CloudFormation made up are unknown, and such resources have no physical id.
    """
    values = _values(template, deployed, region, account)
    found = []
    for logical_id, resource in template.resources.items():
        if deployed.status is None:
            if _present(resource, values):
                found.append(_of_template(logical_id, resource, values))
        elif logical_id in deployed.resources:
            kind, physical_id = deployed.resources[logical_id]
            found.append(_of_template(logical_id, {**resource, "Type": kind}, values, physical_id))
    others = (item for item in deployed.resources.items() if item[0] not in template.resources)
    return found + [Existing(logical_id, kind, physical_id) for logical_id, (kind, physical_id) in others]


def _values(template: Template, deployed: Deployed, region: str, account: str) -> Values:
    partition = _partition(region)
    pseudo = {
        "AWS::AccountId": account,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": deployed.identifier,
        "AWS::StackName": deployed.name,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
    }
    return Values(
        {**pseudo, **template.parameters},
        template.body.get("Mappings") or {},
        template.body.get("Conditions") or {},
        {logical_id: physical_id for logical_id, (_, physical_id) in deployed.resources.items()},
    )


def _partition(region: str) -> str:
    """``aws``, ``aws-cn``, ``aws-us-gov`` …; the first for a region that botocore doesn't know."""
    import boto3
    from botocore.exceptions import UnknownRegionError

    try:
        return str(boto3.Session().get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"


def _present(resource: Mapping[str, Any], values: Values) -> bool:
    """Whether a resource's condition holds; one that can't be told counts as held, so that nothing is overlooked."""
    try:
        return "Condition" not in resource or values.holds(resource["Condition"])
    except UnknownValueError:
        return True


def _of_template(
    logical_id: str, resource: Mapping[str, Any], values: Values, physical_id: str | None = None
) -> Existing:
    kind, properties = str(resource["Type"]), resource.get("Properties") or {}
    name = values.text(properties.get(NAMES.get(kind, "")))
    within = values.text(properties.get(_WITHIN.get(kind, "")))
    return Existing(logical_id, kind, physical_id, name, within)


def _template(body: Any) -> Mapping[str, Any] | None:
    """A template as the API gives it: boto3 decodes JSON, and leaves YAML a text."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    return body if isinstance(body, dict) and "Resources" in body else None
