"""AWS Lambda: permissions, event sources, layers, settings of asynchronous invocation."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.providers import wire
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Props, Scope, Type


def _statement_id(scope: Scope, props: Props) -> str:
    """A given id, or one that follows from the resource's URN and what it grants, the same on every run."""
    if props.get("statementId"):
        return str(props["statementId"])
    facts = [
        scope.urn,
        *(str(props.get(name, "")) for name in ("function", "qualifier", "principal", "sourceArn", "action")),
    ]
    return f"{props.get('statementIdPrefix', 'pulumi-')}{hashlib.sha256('|'.join(facts).encode()).hexdigest()[:12]}"


def _permit(scope: Scope, props: Props) -> Props:
    statement = _statement_id(scope, props)
    scope.call("add_permission", **PERMISSION.parameters(scope, "add_permission", {**props, "statementId": statement}))
    return {"id": ":".join(filter(None, (props["function"], props.get("qualifier"), statement)))}


def _look_permission(scope: Scope, props: Props) -> Props:
    qualifier = {"Qualifier": props["qualifier"]} if props.get("qualifier") else {}
    policy = json.loads(scope.call("get_policy", FunctionName=props["function"], **qualifier)["Policy"])
    for statement in policy.get("Statement", []):
        if statement.get("Sid") == props["statementId"]:
            return _granted(statement, props)
    raise NotFoundError(f"function {props['function']} has no statement {props['statementId']}")


def _granted(statement: Props, props: Props) -> Props:
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = principal.get("Service") or principal.get("AWS")
    conditions = {
        key.lower(): value for test in (statement.get("Condition") or {}).values() for key, value in test.items()
    }
    live = {
        "statementId": statement["Sid"],
        "action": statement.get("Action"),
        "principal": principal,
        "sourceArn": conditions.get("aws:sourcearn"),
        "sourceAccount": conditions.get("aws:sourceaccount"),
    }
    # an account's principal comes back as the ARN of its root
    if str(props.get("principal", "")).isdigit() and f":{props['principal']}:" in str(principal):
        live["principal"] = props["principal"]
    return live


def _revoke(scope: Scope, props: Props) -> None:
    qualifier = {"Qualifier": props["qualifier"]} if props.get("qualifier") else {}
    scope.call("remove_permission", FunctionName=props["function"], StatementId=props["statementId"], **qualifier)


def _permission_key(resource_id: str) -> Props:
    """``function:statement`` or ``function:qualifier:statement``; a function may be an ARN.

    An import puts ``/`` before the statement, as the real provider's does.
    """
    head, statement = resource_id.replace("/", ":").rsplit(":", 1)
    head_parts = head.split(":")
    plain = 7 if head_parts[0] == "arn" else 1
    function = ":".join(head_parts[:plain])
    qualifier = ":".join(head_parts[plain:])
    return {"function": function, "statementId": statement, **({"qualifier": qualifier} if qualifier else {})}


PERMISSION = Type(
    "aws:lambda/permission:Permission",
    "lambda",
    key=("function", "statementId"),
    parse=_permission_key,
    own_id=lambda given: given.replace("/", ":"),
    rename={"function": "FunctionName", "principalOrgId": "PrincipalOrgID"},
    replace=(
        "action",
        "eventSourceToken",
        "function",
        "functionUrlAuthType",
        "invokedViaFunctionUrl",
        "principal",
        "principalOrgId",
        "qualifier",
        "sourceAccount",
        "sourceArn",
        "statementId",
        "statementIdPrefix",
    ),
    make=_permit,
    identify=lambda _scope, _props, answer: str(answer["id"]),
    look=_look_permission,
    remove=_revoke,
    computed=("statementId",),
)


def _prepare_source(_scope: Scope, operation: str, props: Props) -> Props:
    if operation == "update_event_source_mapping":
        return {
            name: value for name, value in props.items() if name not in ("eventSourceArn", "startingPosition", "tags")
        }
    return props


def _tune_source(scope: Scope, found: Props, props: Props) -> Props:
    arn = found.get("FunctionArn", "")
    given = str(props.get("functionName") or arn)
    # the API answers with an ARN whatever it was given: the program's own form stays when it means the same function
    meant = arn == given or arn.split(":function:")[-1] == given.rsplit(":function:", maxsplit=1)[-1]
    state = found.get("State")
    failure = ((found.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    filters = (found.get("FilterCriteria") or {}).get("Filters")
    return {
        "functionName": given if meant else arn,
        "functionArn": arn,
        "enabled": state in ("Enabled", "Enabling", "Creating", "Updating", None),
        "state": state,
        "destinationConfig": {"onFailure": {"destinationArn": failure}} if failure else None,
        "filterCriteria": {"filters": [{"pattern": item["Pattern"]} for item in filters]} if filters else None,
        "arn": found.get("EventSourceMappingArn") or scope.arn(f"event-source-mapping:{found['UUID']}"),
    }


SOURCE_RENAME = {
    "destinationConfig.onFailure.destinationArn": "Destination",
    "startingPositionTimestamp": "StartingPositionTimestamp",
}

EVENT_SOURCE = Type(
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "lambda",
    create="create_event_source_mapping",
    read="get_event_source_mapping",
    update=("update_event_source_mapping",),
    delete="delete_event_source_mapping",
    key=("uuid",),
    identify=lambda _scope, _props, answer: str(answer["UUID"]),
    replace=(
        "eventSourceArn",
        "startingPosition",
        "startingPositionTimestamp",
        "queues",
        "selfManagedEventSource",
        "topics",
    ),
    defaults={"enabled": True},
    rename=SOURCE_RENAME,
    resets={
        "filterCriteria": {"filters": []},
        "functionResponseTypes": [],
        "batchSize": 10,
        "maximumBatchingWindowInSeconds": 0,
    },
    prepare=_prepare_source,
    tune=_tune_source,
    unread=("lastModified", "lastProcessingResult", "stateTransitionReason", "tags", "tagsAll"),
    computed=(
        "maximumRecordAgeInSeconds",
        "maximumRetryAttempts",
        "parallelizationFactor",
        "queues",
        "topics",
    ),
)


def _layer_key(resource_id: str) -> Props:
    layer, version = resource_id.rsplit(":", 1)
    return {"arn": resource_id, "layerArn": layer, "layerName": layer.rsplit(":", 1)[-1], "version": version}


def _publish_layer(scope: Scope, props: Props) -> Props:
    code = props.get("code")
    names = (("s3Bucket", "S3Bucket"), ("s3Key", "S3Key"), ("s3ObjectVersion", "S3ObjectVersion"))
    content: Any = {api: props[name] for name, api in names if props.get(name)}
    if code is not None:
        content = {"ZipFile": wire.archive_bytes(code)}
    request = {
        "LayerName": props["layerName"],
        "Content": content,
        "Description": props.get("description", ""),
        "CompatibleRuntimes": props.get("compatibleRuntimes"),
        "CompatibleArchitectures": props.get("compatibleArchitectures"),
        "LicenseInfo": props.get("licenseInfo"),
    }
    return scope.call("publish_layer_version", **{name: value for name, value in request.items() if value is not None})


def _look_layer(scope: Scope, props: Props) -> Props:
    found = scope.call("get_layer_version", LayerName=props["layerName"], VersionNumber=int(props["version"]))
    content = found.get("Content") or {}
    return {
        "arn": found["LayerVersionArn"],
        "layerArn": found["LayerArn"],
        "version": str(found["Version"]),
        "createdDate": str(found.get("CreatedDate")),
        "description": found.get("Description") or None,
        "compatibleRuntimes": found.get("CompatibleRuntimes") or None,
        "codeSha256": content.get("CodeSha256"),
        "sourceCodeSize": content.get("CodeSize"),
    }


def _remove_layer(scope: Scope, props: Props) -> None:
    if not props.get("skipDestroy"):
        scope.call("delete_layer_version", LayerName=props["layerName"], VersionNumber=int(props["version"]))


LAYER = Type(
    "aws:lambda/layerVersion:LayerVersion",
    "lambda",
    key=("arn",),
    parse=_layer_key,
    identify=lambda _scope, _props, answer: str(answer["LayerVersionArn"]),
    replace=(
        "code",
        "compatibleArchitectures",
        "compatibleRuntimes",
        "description",
        "layerName",
        "licenseInfo",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
    ),
    defaults={"skipDestroy": False},
    make=_publish_layer,
    look=_look_layer,
    remove=_remove_layer,
)


def _invoke_config(scope: Scope, props: Props, operation: str) -> Props:
    return scope.call(operation, **INVOKE_CONFIG.parameters(scope, operation, props))


def _config_key(resource_id: str) -> Props:
    parts = resource_id.split(":")
    plain = 7 if parts[0] == "arn" else 1
    qualifier = ":".join(parts[plain:])
    return {"functionName": ":".join(parts[:plain]), **({"qualifier": qualifier} if qualifier else {})}


def _config_id(_scope: Scope, props: Props, _answer: Props) -> str:
    return ":".join(filter(None, (props["functionName"], props.get("qualifier"))))


INVOKE_CONFIG = Type(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "lambda",
    create="put_function_event_invoke_config",
    read="get_function_event_invoke_config",
    update=("put_function_event_invoke_config",),
    delete="delete_function_event_invoke_config",
    key=("functionName",),
    carry=("qualifier",),
    identify=_config_id,
    parse=_config_key,
    replace=("functionName", "qualifier"),
    defaults={"maximumRetryAttempts": 2},
    rename={
        "destinationConfig.onFailure.destination": "Destination",
        "destinationConfig.onSuccess.destination": "Destination",
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
    },
    whole=True,
)


TYPES = (PERMISSION, EVENT_SOURCE, LAYER, INVOKE_CONFIG)
