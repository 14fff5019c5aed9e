"""Lambda: functions, aliases, permissions, event sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cli.resources.account import Account, Inputs, Lookup, Search, text
from cli.resources.found import Match, Owner

FUNCTION = "AWS::Lambda::Function"


def plain_name(function: str) -> str:
    """A function's name out of its name, its ARN or that of one of its aliases."""
    return function.rsplit(":function:", maxsplit=1)[-1].partition(":")[0]


def _function(inputs: Inputs, account: Account) -> list[Match]:
    name = text(inputs, "name")
    account.call("lambda", "get_function_configuration", FunctionName=name)
    return [Match(name, (Owner(FUNCTION, name),))]


def _alias(inputs: Inputs, account: Account) -> list[Match]:
    function, name = plain_name(text(inputs, "functionName")), text(inputs, "name")
    arn = str(account.call("lambda", "get_alias", FunctionName=function, Name=name)["AliasArn"])
    return [Match(f"{function}/{name}", (Owner("AWS::Lambda::Alias", arn, name, function),))]


def _permission(inputs: Inputs, account: Account) -> list[Match]:
    """A statement that grants the same: every difference would replace it."""
    function, qualifier = plain_name(text(inputs, "function")), inputs.get("qualifier")
    asked = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
    statements = json.loads(account.call("lambda", "get_policy", **asked)["Policy"])["Statement"]
    holder = f"{function}:{qualifier}" if qualifier else function
    return [
        Match(f"{holder}/{each['Sid']}", (Owner("AWS::Lambda::Permission", each["Sid"]), Owner(FUNCTION, function)))
        for each in statements
        if _grants(each, inputs)
    ]


def _grants(statement: Mapping[str, Any], inputs: Inputs) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = principal.get("Service") or principal.get("AWS")
    conditions = {
        key.lower(): value for test in (statement.get("Condition") or {}).values() for key, value in test.items()
    }
    granted = {
        "statementId": statement.get("Sid"),
        "action": statement.get("Action"),
        "principal": principal,
        "sourceArn": conditions.get("aws:sourcearn"),
        "sourceAccount": conditions.get("aws:sourceaccount"),
    }
    chosen = inputs.get("statementId") or granted["statementId"]
    return all(granted[name] == value for name, value in {**_asked(inputs), "statementId": chosen}.items())


def _asked(inputs: Inputs) -> dict[str, Any]:
    return {name: inputs.get(name) for name in ("action", "principal", "sourceArn", "sourceAccount")}


def _event_source(inputs: Inputs, account: Account) -> list[Match]:
    """The consumer of a source: with the same qualifier if there is one, else with any (it can be changed in place).

    One of the template's function is taken even where the template doesn't know it: two would share the work.
    """
    function = Owner(FUNCTION, plain_name(text(inputs, "functionName")))
    return [
        Match(each["UUID"], (Owner("AWS::Lambda::EventSourceMapping", each["UUID"]), function))
        for each in consumers(inputs, account) or consumers(inputs, account, any_qualifier=True)
    ]


def consumers(inputs: Inputs, account: Account, any_qualifier: bool = False) -> list[Any]:
    """The event source mappings between a source and a function, as the account describes them."""
    source, wanted = text(inputs, "eventSourceArn"), text(inputs, "functionName")
    form = plain_name if any_qualifier else _qualified_name
    entries = account.pages("lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=source)
    return [each for each in entries if form(each["FunctionArn"]) == form(wanted)]


def _qualified_name(function: str) -> str:
    """A function's name and, where it has one, its qualifier (``api:live``)."""
    return function.rsplit(":function:", maxsplit=1)[-1]


def _invoke_config(inputs: Inputs, account: Account) -> list[Match]:
    function, qualifier = plain_name(text(inputs, "functionName")), inputs.get("qualifier")
    asked = {"FunctionName": function, **({"Qualifier": qualifier} if qualifier else {})}
    account.call("lambda", "get_function_event_invoke_config", **asked)
    return [Match(f"{function}:{qualifier}" if qualifier else function, (Owner(FUNCTION, function),))]


LOOKUPS: dict[str, Lookup] = {
    "aws:lambda/function:Function": _function,
    "aws:lambda/alias:Alias": _alias,
    "aws:lambda/permission:Permission": _permission,
    "aws:lambda/eventSourceMapping:EventSourceMapping": _event_source,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _invoke_config,
}


def _consumer(inputs: Inputs, account: Account) -> list[str]:
    """With the qualifier that the inputs name: a consumer with another is another's."""
    return [str(each["UUID"]) for each in consumers(inputs, account)]


def _layer_version(inputs: Inputs, account: Account) -> list[str]:
    """Versions of the layer that hold the same content and say the same of it, the newest first."""
    name, content = text(inputs, "layerName"), text(inputs, "sourceCodeHash")
    versions = [
        each
        for each in account.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
        if (each.get("Description") or "") == (inputs.get("description") or "")
        and set(each.get("CompatibleRuntimes") or ()) == set(inputs.get("compatibleRuntimes") or ())
    ]
    found = []
    for each in sorted(versions, key=lambda version: int(version["Version"]), reverse=True):
        version = account.call("lambda", "get_layer_version", LayerName=name, VersionNumber=int(each["Version"]))
        if version["Content"].get("CodeSha256") == content:
            found.append(str(version["LayerVersionArn"]))
    return found


FINDERS: dict[str, Search[str]] = {
    "aws:lambda/eventSourceMapping:EventSourceMapping": _consumer,
    "aws:lambda/layerVersion:LayerVersion": _layer_version,
}

NON_UNIQUE = frozenset(FINDERS)
