"""What an update that was killed left behind: resources that may exist without the state knowing them.

The engine notes a creation before it starts and can't tell, after a kill, whether it was done. The next update would
then run into names that are taken. So each noted creation is looked up by the name its inputs give it: what exists is
imported into the state, what doesn't is forgotten, and the next update goes on from there. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Inputs = Mapping[str, Any]


def pending_creations(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources whose creation was under way, as the state notes them."""
    operations = (state.get("deployment") or {}).get("pending_operations") or []
    return [operation["resource"] for operation in operations if operation["type"] == "creating"]


def without_pending(state: dict[str, Any]) -> dict[str, Any]:
    """The same state with no operation noted as under way."""
    deployment = {name: value for name, value in state["deployment"].items() if name != "pending_operations"}
    return {**state, "deployment": deployment}


def import_list(pending: list[dict[str, Any]], region: str) -> dict[str, Any]:
    """What ``pulumi import --file`` takes: those of the pending resources that exist after all."""
    table: dict[str, str] = {}
    resources = []
    for resource in pending:
        identifier = find(resource["type"], resource.get("inputs") or {}, region)
        if identifier is None:
            continue
        entry = {"type": resource["type"], "name": resource["urn"].rpartition("::")[2], "id": identifier}
        if resource.get("parent"):
            entry["parent"] = _named(table, resource["parent"])
        if resource.get("provider"):
            entry["provider"] = _named(table, resource["provider"].rpartition("::")[0])
        resources.append(entry)
    return {"nameTable": table, "resources": resources}


def find(kind: str, inputs: Inputs, region: str) -> str | None:
    """The import id of a resource that exists in the account; None where it doesn't.

    Types whose creation is idempotent (puts) aren't looked up: doing it again is right. Raises what boto3 and the
    Kubernetes client raise for anything but an absence.
    """
    if kind.startswith("kubernetes:"):
        return _object(inputs)
    finder = _FINDERS.get(kind)
    if finder is None:
        return None
    from botocore.exceptions import ClientError

    try:
        return finder(inputs, region)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return None
        raise


def _named(table: dict[str, str], urn: str) -> str:
    for name, known in table.items():
        if known == urn:
            return name
    name = f"resource{len(table)}"
    table[name] = urn
    return name


def _object(inputs: Inputs) -> str | None:
    """A Kubernetes object by its kind and name."""
    from kubernetes import client, config, dynamic

    metadata = inputs["metadata"]
    name, namespace = metadata["name"], metadata.get("namespace")
    api = dynamic.DynamicClient(client.ApiClient(config.load_kube_config()))
    resource = api.resources.get(api_version=inputs["apiVersion"], kind=inputs["kind"])
    try:
        api.get(resource, name=name, namespace=namespace)
    except dynamic.exceptions.NotFoundError:
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
    found = _client("apigatewayv2", region).get_apis()["Items"]
    return next((str(api["ApiId"]) for api in found if api["Name"] == inputs["name"]), None)


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


_FINDERS: dict[str, Callable[[Inputs, str], str | None]] = {
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
