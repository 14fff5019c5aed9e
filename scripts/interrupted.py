"""What an update that was killed left behind: resources that may exist without the state knowing them.

The engine notes a creation before it starts and can't tell, after a kill, whether it was done. The next update would
then run into names that are taken, or make a second thing where names may repeat. So each noted creation is looked up
by the name its inputs give it: what exists is taken into the state, what doesn't is forgotten, and the next update goes
on from there. Nothing is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Inputs = Mapping[str, Any]

_ABSENT = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
"""The error codes with which services say that there is no such thing."""


def pending_creations(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources whose creation was under way, as the state notes them."""
    operations = (state.get("deployment") or {}).get("pending_operations") or []
    return [operation["resource"] for operation in operations if operation["type"] == "creating"]


def settled(state: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    """The same state with no operation noted as under way, and with the resources that exist (``found``: URN -> id).

    Such a resource has inputs and an id, but no outputs: a refresh reads them. Where it was about to replace another,
    it takes that one's place; the other one stays to be deleted, unless it already was.
    """
    deployment = {name: value for name, value in state["deployment"].items() if name != "pending_operations"}
    resources = list(deployment.get("resources") or [])
    for pending in pending_creations(state):
        if pending["urn"] in found:
            _place(resources, {**pending, "id": found[pending["urn"]]})
    return {**state, "deployment": {**deployment, "resources": resources}}


def unread(state: Mapping[str, Any]) -> list[str]:
    """The URNs of resources that were taken into the state and not read yet."""
    return [
        str(resource["urn"])
        for resource in state["deployment"].get("resources") or []
        if resource.get("custom") and resource.get("id") and not resource.get("outputs") and not _provider(resource)
    ]


def existing(pending: Sequence[Mapping[str, Any]], region: str) -> dict[str, str]:
    """Those of the pending resources that exist after all: URN -> id. Raises what ``find`` raises."""
    identifiers = {each["urn"]: find(each["type"], each.get("inputs") or {}, region) for each in pending}
    return {urn: identifier for urn, identifier in identifiers.items() if identifier is not None}


def find(kind: str, inputs: Inputs, region: str) -> str | None:
    """The import id of a resource that exists; None where it doesn't.

    Types whose creation is idempotent (puts) aren't looked up: doing it again is right. Raises what boto3 and the
    Kubernetes client raise for anything but an absence.
    """
    if kind.startswith("kubernetes:"):
        return _object(inputs)
    finder = LOOKED_UP.get(kind)
    if finder is None:
        return None
    from botocore.exceptions import ClientError

    try:
        return finder(inputs, region)
    except ClientError as error:
        if _ABSENT.search(error.response["Error"]["Code"]):
            return None
        raise


def _provider(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:providers:")


def _place(resources: list[dict[str, Any]], new: dict[str, Any]) -> None:
    """Put a resource after everything it depends on, and where its predecessor was."""
    needed = {new.get("parent"), str(new.get("provider") or "").rpartition("::")[0], *(new.get("dependencies") or [])}
    last = max((place for place, each in enumerate(resources) if each["urn"] in needed), default=-1)
    old = next((place for place, each in enumerate(resources) if each["urn"] == new["urn"]), None)
    if old is None:
        resources.append(new)
        return
    predecessor = resources.pop(old)
    place = max(old, last + (0 if last > old else 1))
    resources.insert(place, new)
    if not predecessor.get("pendingReplacement"):
        resources.insert(place + 1, {**predecessor, "delete": True})


def _object(inputs: Inputs) -> str | None:
    """A Kubernetes object by its kind and name."""
    from kubernetes import config, dynamic

    metadata = inputs.get("metadata") or {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name is None or "kind" not in inputs:
        return None
    api = dynamic.DynamicClient(config.new_client_from_config())
    try:
        resource = api.resources.get(api_version=inputs["apiVersion"], kind=inputs["kind"])
        api.get(resource, name=name, namespace=namespace)
    except (dynamic.exceptions.NotFoundError, dynamic.exceptions.ResourceNotFoundError):
        return None
    return f"{namespace}/{name}" if namespace else str(name)


def _client(service: str, region: str) -> Any:
    import boto3

    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def _bucket(inputs: Inputs, region: str) -> str:
    _client("s3", region).head_bucket(Bucket=inputs["bucket"])
    return str(inputs["bucket"])


def _table(inputs: Inputs, region: str) -> str:
    _client("dynamodb", region).describe_table(TableName=inputs["name"])
    return str(inputs["name"])


def _database(inputs: Inputs, region: str) -> str:
    _client("rds", region).describe_db_instances(DBInstanceIdentifier=inputs["identifier"])
    return str(inputs["identifier"])


def _queue(inputs: Inputs, region: str) -> str:
    return str(_client("sqs", region).get_queue_url(QueueName=inputs["name"])["QueueUrl"])


def _log_group(inputs: Inputs, region: str) -> str | None:
    found = _client("logs", region).describe_log_groups(logGroupNamePrefix=inputs["name"])["logGroups"]
    return next((str(group["logGroupName"]) for group in found if group["logGroupName"] == inputs["name"]), None)


def _role(inputs: Inputs, region: str) -> str:
    _client("iam", region).get_role(RoleName=inputs["name"])
    return str(inputs["name"])


def _function(inputs: Inputs, region: str) -> str:
    _client("lambda", region).get_function(FunctionName=inputs["name"])
    return str(inputs["name"])


def _alias(inputs: Inputs, region: str) -> str:
    _client("lambda", region).get_alias(FunctionName=inputs["functionName"], Name=inputs["name"])
    return f"{inputs['functionName']}/{inputs['name']}"


def _permission(inputs: Inputs, region: str) -> str | None:
    import json

    asked = {"FunctionName": inputs["function"], "Qualifier": inputs["qualifier"]}
    policy = json.loads(_client("lambda", region).get_policy(**asked)["Policy"])
    known = [statement["Sid"] for statement in policy["Statement"]]
    name = inputs["statementId"]
    return f"{inputs['function']}:{inputs['qualifier']}/{name}" if name in known else None


def _consumer(inputs: Inputs, region: str) -> str | None:
    found = _client("lambda", region).list_event_source_mappings(EventSourceArn=inputs["eventSourceArn"])
    mappings = found["EventSourceMappings"]
    return next((str(each["UUID"]) for each in mappings if each["FunctionArn"] == inputs["functionName"]), None)


def _api(inputs: Inputs, region: str) -> str | None:
    """Names of APIs may repeat: one that is ours bears the stack's tags as well, which come with its creation."""
    ours = dict(inputs.get("tags") or {}).items()
    same = (
        str(api["ApiId"])
        for page in _client("apigatewayv2", region).get_paginator("get_apis").paginate()
        for api in page["Items"]
        if api["Name"] == inputs["name"] and ours <= (api.get("Tags") or {}).items()
    )
    return next(same, None)


def _integration(inputs: Inputs, region: str) -> str | None:
    found = _client("apigatewayv2", region).get_integrations(ApiId=inputs["apiId"])["Items"]
    same = (each["IntegrationId"] for each in found if each.get("IntegrationUri") == inputs["integrationUri"])
    return next((f"{inputs['apiId']}/{identifier}" for identifier in same), None)


def _route(inputs: Inputs, region: str) -> str | None:
    found = _client("apigatewayv2", region).get_routes(ApiId=inputs["apiId"])["Items"]
    same = (each["RouteId"] for each in found if each["RouteKey"] == inputs["routeKey"])
    return next((f"{inputs['apiId']}/{identifier}" for identifier in same), None)


def _stage(inputs: Inputs, region: str) -> str:
    _client("apigatewayv2", region).get_stage(ApiId=inputs["apiId"], StageName=inputs["name"])
    return f"{inputs['apiId']}/{inputs['name']}"


LOOKED_UP: dict[str, Callable[[Inputs, str], str | None]] = {
    "aws:s3/bucket:Bucket": _bucket,
    "aws:dynamodb/table:Table": _table,
    "aws:rds/instance:Instance": _database,
    "aws:sqs/queue:Queue": _queue,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:iam/role:Role": _role,
    "aws:lambda/function:Function": _function,
    "aws:lambda/alias:Alias": _alias,
    "aws:lambda/permission:Permission": _permission,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _consumer,
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/integration:Integration": _integration,
    "aws:apigatewayv2/route:Route": _route,
    "aws:apigatewayv2/stage:Stage": _stage,
}
"""Types whose names can be taken, and how each is found. The import ids are those of the provider's documentation."""
