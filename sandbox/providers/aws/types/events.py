"""Amazon EventBridge: rules and targets (Pulumi keeps them in its cloudwatch module)."""

from __future__ import annotations

import hashlib

from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Props, Scope, Type, tag_part


def _bus(props: Props) -> dict[str, str]:
    bus = props.get("eventBusName")
    return {"EventBusName": bus} if bus and bus != "default" else {}


def _state(props: Props) -> str:
    if props.get("state"):
        return str(props["state"])
    return "DISABLED" if props.get("isEnabled") is False else "ENABLED"


def _put_rule(scope: Scope, props: Props) -> Props:
    names = {
        "eventPattern": "EventPattern",
        "scheduleExpression": "ScheduleExpression",
        "description": "Description",
        "roleArn": "RoleArn",
    }
    given = {api: props[name] for name, api in names.items() if props.get(name)}
    return scope.call("put_rule", Name=props["name"], State=_state(props), **given, **_bus(props))


def _make_rule(scope: Scope, props: Props) -> Props:
    answer = _put_rule(scope, props)
    tags = [{"Key": key, "Value": value} for key, value in sorted((props.get("tags") or {}).items())]
    if tags:
        scope.call("tag_resource", ResourceARN=answer["RuleArn"], Tags=tags)
    return answer


def _look_rule(scope: Scope, props: Props) -> Props:
    found = scope.call("describe_rule", Name=props["name"], **_bus(props))
    live: Props = {
        "name": found["Name"],
        "arn": found["Arn"],
        "eventBusName": found.get("EventBusName") or "default",
        "eventPattern": found.get("EventPattern") or None,
        "scheduleExpression": found.get("ScheduleExpression") or None,
        "description": found.get("Description") or None,
        "roleArn": found.get("RoleArn") or None,
    }
    if "isEnabled" in props:
        live["isEnabled"] = found.get("State") == "ENABLED"
    else:
        live["state"] = found.get("State")
    return live


def _change_rule(scope: Scope, props: Props, _old: Props, changed: set[str]) -> None:
    if changed - {"tags", "forceDestroy"}:
        _put_rule(scope, props)


def _remove_rule(scope: Scope, props: Props) -> None:
    if props.get("forceDestroy"):
        found = scope.call("list_targets_by_rule", Rule=props["name"], **_bus(props))["Targets"]
        if found:
            scope.call("remove_targets", Rule=props["name"], Ids=[item["Id"] for item in found], **_bus(props))
    scope.call("delete_rule", Name=props["name"], **_bus(props))


def _rule_id(_scope: Scope, props: Props, _answer: Props) -> str:
    bus = _bus(props).get("EventBusName")
    return f"{bus}/{props['name']}" if bus else str(props["name"])


def _rule_key(resource_id: str) -> Props:
    bus, _, name = resource_id.rpartition("/")
    return {"name": name, **({"eventBusName": bus} if bus else {})}


RULE = Type(
    "aws:cloudwatch/eventRule:EventRule",
    "events",
    parse=_rule_key,
    identify=_rule_id,
    autoname="name",
    replace=("name", "namePrefix", "eventBusName"),
    defaults={"eventBusName": "default", "forceDestroy": False},
    make=_make_rule,
    look=_look_rule,
    change=_change_rule,
    remove=_remove_rule,
    parts=(tag_part("list_tags_for_resource", "tag_resource", "untag_resource", "ResourceARN"),),
    computed=("state",),
)


def _target(props: Props) -> Props:
    names = {"arn": "Arn", "input": "Input", "inputPath": "InputPath", "roleArn": "RoleArn", "targetId": "Id"}
    target: Props = {api: props[name] for name, api in names.items() if props.get(name)}
    letters, retry, form = props.get("deadLetterConfig"), props.get("retryPolicy"), props.get("inputTransformer")
    if letters:
        target["DeadLetterConfig"] = {"Arn": letters["arn"]}
    if retry:
        api_names = (
            ("maximumEventAgeInSeconds", "MaximumEventAgeInSeconds"),
            ("maximumRetryAttempts", "MaximumRetryAttempts"),
        )
        target["RetryPolicy"] = {api: int(retry[name]) for name, api in api_names if retry.get(name) is not None}
    if form:
        target["InputTransformer"] = {"InputTemplate": form["inputTemplate"]}
        if form.get("inputPaths"):
            target["InputTransformer"]["InputPathsMap"] = form["inputPaths"]
    if props.get("sqsTarget"):
        target["SqsParameters"] = {"MessageGroupId": props["sqsTarget"]["messageGroupId"]}
    return target


def _put_target(scope: Scope, props: Props) -> Props:
    if not props.get("targetId"):
        # the same on every run: it follows from the resource's URN
        props = {**props, "targetId": f"pulumi-{hashlib.sha256(scope.urn.encode()).hexdigest()[:12]}"}
    answer = scope.call("put_targets", Rule=props["rule"], Targets=[_target(props)], **_bus(props))
    bus = _bus(props).get("EventBusName")
    return {**answer, "id": "/".join(filter(None, (bus, props["rule"], props["targetId"])))}


def _look_target(scope: Scope, props: Props) -> Props:
    for found in scope.call("list_targets_by_rule", Rule=props["rule"], **_bus(props))["Targets"]:
        if found["Id"] == props["targetId"]:
            return _live_target(found, props)
    raise NotFoundError(f"rule {props['rule']} has no target {props['targetId']}")


def _live_target(found: Props, props: Props) -> Props:
    letters, retry, form = found.get("DeadLetterConfig"), found.get("RetryPolicy"), found.get("InputTransformer")
    return {
        "arn": found["Arn"],
        "rule": props["rule"],
        "targetId": found["Id"],
        "eventBusName": props.get("eventBusName", "default"),
        "input": found.get("Input"),
        "inputPath": found.get("InputPath"),
        "roleArn": found.get("RoleArn"),
        "deadLetterConfig": {"arn": letters["Arn"]} if letters else None,
        "retryPolicy": {name[:1].lower() + name[1:]: value for name, value in retry.items()} if retry else None,
        "inputTransformer": {
            "inputTemplate": form["InputTemplate"],
            **({"inputPaths": form["InputPathsMap"]} if form.get("InputPathsMap") else {}),
        }
        if form
        else None,
    }


def _change_target(scope: Scope, props: Props, _old: Props, _changed: set[str]) -> None:
    _put_target(scope, props)


def _remove_target(scope: Scope, props: Props) -> None:
    scope.call("remove_targets", Rule=props["rule"], Ids=[props["targetId"]], **_bus(props))


def _target_key(resource_id: str) -> Props:
    parts = resource_id.split("/")
    bus = "/".join(parts[:-2])
    return {"rule": parts[-2], "targetId": parts[-1], **({"eventBusName": bus} if bus else {})}


TARGET = Type(
    "aws:cloudwatch/eventTarget:EventTarget",
    "events",
    key=("rule", "targetId"),
    parse=_target_key,
    identify=lambda _scope, _props, answer: str(answer["id"]),
    replace=("rule", "targetId", "eventBusName"),
    defaults={"eventBusName": "default", "forceDestroy": False},
    make=_put_target,
    look=_look_target,
    change=_change_target,
    remove=_remove_target,
)

TYPES = (RULE, TARGET)
