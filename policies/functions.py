"""Lambda functions of a stack: who invokes which, and by which name.

A name is read from the value where it is known, and else from what the value comes from: in the preview of a new
stack no ARN is known yet, and all the same it is clear that it will be an alias's.
Source: Lambda Developer Guide, "Function names, versions and aliases".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.subject import UNKNOWN, Resource, Stack, dig, items

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PERMISSION = "aws:lambda/permission:Permission"
GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
EVENT_SOURCE = "aws:lambda/eventSourceMapping:EventSourceMapping"
INVOKERS: Mapping[str, str] = {
    PERMISSION: "function",
    EVENT_SOURCE: "functionName",
    "aws:lambda/functionUrl:FunctionUrl": "functionName",
    "aws:apigateway/integration:Integration": "uri",
    "aws:apigatewayv2/integration:Integration": "integrationUri",
    "aws:s3/bucketNotification:BucketNotification": "lambdaFunctions",
    "aws:sns/topicSubscription:TopicSubscription": "endpoint",
    "aws:cloudwatch/eventTarget:EventTarget": "arn",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": "destinationArn",
}
"""Type -> the property that names the function."""
QUALIFIED_APART = (PERMISSION, "aws:lambda/functionUrl:FunctionUrl")
"""These name the alias in a property of its own."""

IN_ARN = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d*:function:([A-Za-z0-9_-]+)(?::([A-Za-z0-9_$-]+))?")
BY_NAME = re.compile(r"([A-Za-z0-9_-]+)(?::([A-Za-z0-9_$-]+))?")


@dataclass(frozen=True)
class Call:
    """One way in which a function is invoked."""

    invoker: Resource
    function: Resource | None
    """None where it isn't part of the stack."""
    qualifier: str | None
    """An alias's name (``alias`` where it isn't known yet), a version's number; None where it is named without."""
    alias: Resource | None
    """The alias, where it is part of the stack."""


class Functions:
    """The functions of a stack and the calls to them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    @cached_property
    def _by_name(self) -> Mapping[str, Resource]:
        return {name: each for each in self.stack.of(FUNCTION) if isinstance(name := each.get("name"), str)}

    @cached_property
    def _aliases(self) -> Mapping[tuple[str, str], Resource]:
        """By the function's URN and the alias's name."""
        found = {}
        for alias in self.stack.of(ALIAS):
            function = self._named(alias, "functionName")
            if function is not None:
                found[function.urn, str(alias.get("name"))] = alias
        return found

    @cached_property
    def _functions_of_aliases(self) -> Mapping[str, Resource]:
        """By the alias's URN."""
        return {alias.urn: self.stack.find([urn], FUNCTION)[0] for (urn, _), alias in self._aliases.items()}

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call that the stack declares."""
        return tuple(
            call for kind, path in INVOKERS.items() for each in self.stack.of(kind) for call in self._calls(each, path)
        )

    @cached_property
    def taking_traffic(self) -> Mapping[str, tuple[Resource, tuple[Resource, ...]]]:
        """By URN: functions with those of their aliases that the stack invokes, or that CodeDeploy moves."""
        reached = [call.alias for call in self.calls if call.alias is not None]
        moved = [alias for alias in self.stack.of(ALIAS) if self.stack.find(alias.dependencies, GROUP)]
        found: dict[str, tuple[Resource, dict[str, Resource]]] = {}
        for alias in (*reached, *moved):
            if (function := self._functions_of_aliases.get(alias.urn)) is not None:
                found.setdefault(function.urn, (function, {}))[1][alias.urn] = alias
        return {urn: (function, tuple(aliases.values())) for urn, (function, aliases) in found.items()}

    def _named(self, resource: Resource, path: str) -> Resource | None:
        """The function that a property names, with or without a qualifier."""
        value = resource.get(path)
        if isinstance(value, str):
            match = IN_ARN.search(value) or BY_NAME.fullmatch(value)
            return self._by_name.get(match[1]) if match else None
        return next(iter(self.stack.sources(resource, path, FUNCTION)), None)

    def _calls(self, invoker: Resource, path: str) -> Iterator[Call]:
        value = invoker.get(path)
        if path == "lambdaFunctions":
            value = [dig(entry, "lambdaFunctionArn") for entry in items(value)]
        given = [each for each in items(value) if isinstance(each, str)]
        for text in given:
            match = IN_ARN.search(text) or (BY_NAME.fullmatch(text) if path in ("function", "functionName") else None)
            if match:
                yield self._call(invoker, self._by_name.get(match[1]), match[2])
        if not given or len(given) < len(items(value)):
            yield from self._unknown_calls(invoker, path)

    def _call(self, invoker: Resource, function: Resource | None, qualifier: str | None) -> Call:
        apart = invoker.get("qualifier") if invoker.type in QUALIFIED_APART and qualifier is None else qualifier
        if not isinstance(apart, str):
            aliases = self.stack.sources(invoker, "qualifier", ALIAS)
            named = "alias" if aliases or apart is UNKNOWN else None
            return Call(invoker, function, named, aliases[0] if aliases else None)
        alias = self._aliases.get((function.urn, apart)) if function is not None else None
        return Call(invoker, function, apart, alias)

    def _unknown_calls(self, invoker: Resource, path: str) -> Iterator[Call]:
        """What a value that isn't known comes from: aliases, or a function itself."""
        aliases = self.stack.sources(invoker, path, ALIAS)
        for alias in aliases:
            yield Call(invoker, self._functions_of_aliases.get(alias.urn), str(alias.get("name")), alias)
        reached = {found.urn for alias in aliases if (found := self._functions_of_aliases.get(alias.urn))}
        for function in self.stack.sources(invoker, path, FUNCTION):
            if function.urn not in reached:
                yield self._call(invoker, function, None)


def names(alarm: Resource, dimension: str) -> Iterator[str]:
    """What an alarm watches, by one dimension of its metrics."""
    for holder in (alarm.props, *(dig(query, "metric") for query in items(alarm.get("metricQueries")))):
        found = dig(holder, f"dimensions.{dimension}")
        if isinstance(found, str):
            yield found
