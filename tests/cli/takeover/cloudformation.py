"""`python -m tests.cli.takeover.cloudformation`: the local account, and a CloudFormation that makes what SAM needs.

moto's own create_stack leaves out aliases, stages, alarms and CodeDeploy, and the bodies of REST APIs. Here each of
these types is made as CloudFormation makes it: by calls to the service's API, with names made up where none is given.
"""

from __future__ import annotations

import functools
import json
import secrets
import sys
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from moto.cloudformation import parsing

from sandbox.account import __main__ as account
from sandbox.account import settings

Properties = dict[str, Any]


class Made:
    """A resource of a stack: its physical id, and the attributes that Fn::GetAtt gives."""

    def __init__(self, physical_resource_id: str, attributes: dict[str, Any] | None = None) -> None:
        self.physical_resource_id = physical_resource_id
        self.attributes = attributes or {}
        self.logical_resource_id = self.cf_resource_type = ""

    def get_cfn_attribute(self, name: str) -> Any:
        return self.attributes[name]

    def is_created(self) -> bool:
        return True

    def delete(self, *_: Any) -> None:
        raise ValueError(f"{self.physical_resource_id} would be deleted")


@functools.cache
def client(service: str) -> Any:
    chosen = settings.current()
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{chosen.port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


def lower(properties: Properties) -> Properties:
    """Names as API Gateway and CodeDeploy write them."""
    return {
        key[:1].lower() + key[1:]: lower(value)
        if isinstance(value, dict)
        else [lower(each) if isinstance(each, dict) else each for each in value]
        if isinstance(value, list)
        else value
        for key, value in properties.items()
    }


def queue(name: str, properties: Properties) -> Made:
    """moto's own would bear a URL of AWS, which leads out of the account."""
    given = {key: value for key, value in properties.items() if key != "QueueName"}
    attributes = {key: json.dumps(value) if isinstance(value, dict) else str(value) for key, value in given.items()}
    url = client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def function(name: str, properties: Properties) -> Made:
    tags = {each["Key"]: each["Value"] for each in properties.pop("Tags", [])}
    answer = client("lambda").create_function(**{**properties, "FunctionName": name, "Tags": tags})
    return Made(name, {"Arn": answer["FunctionArn"]})


def version(_: str, properties: Properties) -> Made:
    answer = client("lambda").publish_version(FunctionName=properties["FunctionName"])
    return Made(answer["FunctionArn"], {"Version": answer["Version"]})


def alias(_: str, properties: Properties) -> Made:
    return Made(client("lambda").create_alias(**properties)["AliasArn"])


def permission(name: str, properties: Properties) -> Made:
    client("lambda").add_permission(**{**properties, **qualified(properties["FunctionName"]), "StatementId": name})
    return Made(name)


def qualified(arn: str) -> Properties:
    """A function's name and qualifier, where an alias's ARN was given."""
    name, _, qualifier = arn.rsplit(":function:", maxsplit=1)[-1].partition(":")
    return {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}


def consumer(_: str, properties: Properties) -> Made:
    return Made(client("lambda").create_event_source_mapping(**properties)["UUID"])


def rest_api(name: str, properties: Properties) -> Made:
    api, body = client("apigateway"), properties.get("Body")
    types = properties.get("EndpointConfiguration", {}).get("Types", ["EDGE"])
    made = api.create_rest_api(name=properties.get("Name", name), endpointConfiguration={"types": types})
    if body:
        api.put_rest_api(restApiId=made["id"], mode="merge", body=json.dumps(body).encode())
    return Made(made["id"], {"RootResourceId": made["rootResourceId"]})


def deployment(_: str, properties: Properties) -> Made:
    given = {"restApiId": properties["RestApiId"], "description": properties.get("Description", "")}
    return Made(client("apigateway").create_deployment(**given)["id"])


def stage(_: str, properties: Properties) -> Made:
    api, where = client("apigateway"), {"restApiId": properties["RestApiId"], "stageName": properties["StageName"]}
    api.create_stage(**where, deploymentId=properties["DeploymentId"])
    for each in properties.get("MethodSettings", []):
        path = f"/{each['ResourcePath'].strip('/')}/{each['HttpMethod']}"
        limits = {"rateLimit": each["ThrottlingRateLimit"], "burstLimit": each["ThrottlingBurstLimit"]}
        patch = [{"op": "replace", "path": f"{path}/throttling/{key}", "value": f"{v}"} for key, v in limits.items()]
        api.update_stage(**where, patchOperations=patch)
    return Made(where["stageName"])


def alarm(name: str, properties: Properties) -> Made:
    client("cloudwatch").put_metric_alarm(
        **{**properties, "Threshold": float(properties["Threshold"]), "AlarmName": name}
    )
    return Made(name)


def application(name: str, properties: Properties) -> Made:
    client("codedeploy").create_application(applicationName=name, computePlatform=properties["ComputePlatform"])
    return Made(name)


def group(name: str, properties: Properties) -> Made:
    client("codedeploy").create_deployment_group(**{**lower(properties), "deploymentGroupName": name})
    return Made(name)


TYPES: dict[str, tuple[str, Callable[[str, Properties], Made]]] = {
    "AWS::SQS::Queue": ("QueueName", queue),
    "AWS::Lambda::Function": ("FunctionName", function),
    "AWS::Lambda::Version": ("", version),
    "AWS::Lambda::Alias": ("", alias),
    "AWS::Lambda::Permission": ("", permission),
    "AWS::Lambda::EventSourceMapping": ("", consumer),
    "AWS::ApiGateway::RestApi": ("", rest_api),
    "AWS::ApiGateway::Deployment": ("", deployment),
    "AWS::ApiGateway::Stage": ("", stage),
    "AWS::CloudWatch::Alarm": ("AlarmName", alarm),
    "AWS::CodeDeploy::Application": ("ApplicationName", application),
    "AWS::CodeDeploy::DeploymentGroup": ("DeploymentGroupName", group),
}
"""CloudFormation's type -> the property that names it, and how it is made."""

_create = parsing.parse_and_create_resource
_update = parsing.parse_and_update_resource
_texts: dict[tuple[str, str], str] = {}
"""The properties of each resource of each stack, as its template has them."""


def create(logical_id: str, body: Properties, resources: Any, account_id: str, region_name: str) -> Any:
    """What moto calls for each resource of a stack."""
    kind, condition = body["Type"], body.get("Condition")
    _texts[resources.stack_id, logical_id] = text(body)
    if kind not in TYPES:
        return _create(logical_id, body, resources, account_id, region_name)
    if condition and not resources.lazy_condition_map[condition]:
        return None
    named_by, make = TYPES[kind]
    properties = parsing.clean_json(body.get("Properties", {}), resources)
    made_up = f"{resources['AWS::StackName']}-{logical_id}-{secrets.token_hex(6).upper()}"
    made = make(properties.get(named_by) or made_up, properties)
    made.logical_resource_id, made.cf_resource_type = logical_id, kind
    return made


def update(logical_id: str, body: Properties, resources: Any, account_id: str, region_name: str) -> Any:
    """What moto calls for each resource whose text changed; here only other properties make a change."""
    if _texts.get((resources.stack_id, logical_id)) == text(body):
        return resources[logical_id]
    return _update(logical_id, body, resources, account_id, region_name)


def text(body: Properties) -> str:
    return json.dumps(body.get("Properties", {}), sort_keys=True)


def serve() -> int:
    parsing.parse_and_create_resource = create
    parsing.parse_and_update_resource = update
    return account.main()


if __name__ == "__main__":
    from tests.cli.takeover import cloudformation  # what is saved names this module, and not __main__

    sys.exit(cloudformation.serve())
