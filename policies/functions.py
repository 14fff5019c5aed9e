"""Lambda functions of a stack: who invokes which, and by which name.

A name is read from the value where it is known, in a JSON document too, and else from what the value comes from: in the
preview of a new stack no ARN is known yet, and all the same it is clear that it will be an alias's.
Sources: Lambda Developer Guide, "Function names, versions and aliases"; Step Functions Developer Guide, "Invoke
Lambda"; API Gateway Developer Guide, "Stage variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from policies.invokers import EDGES, EVENT_SOURCE, INVOKERS, NAMED, PERMISSION, QUALIFIERS
from policies.subject import UNKNOWN, Resource, Stack, dig, items
from policies.values import decoded

__all__ = ["ALIAS", "EVENT_SOURCE", "FUNCTION", "GROUP", "PERMISSION", "Call", "Functions", "functions_of", "names"]

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"

QUALIFIER = r"(?::(\$LATEST|\$?\{[^}]*\}|[A-Za-z0-9_-]+))?"
IN_ARN = re.compile(r"arn:[a-z-]+:lambda:[^:\s]*:[^:\s]*:function:([A-Za-z0-9_-]+)" + QUALIFIER)
BY_NAME = re.compile(r"(?:\d{12}:function:)?([A-Za-z0-9_-]+)" + QUALIFIER)
VARIABLE = ("${", "{")
"""The beginning of a stage variable or a placeholder in place of an alias."""
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
STAGES: Mapping[str, str] = {
    "aws:apigateway/stage:Stage": "variables",
    "aws:apigatewayv2/stage:Stage": "stageVariables",
}


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


@lru_cache(maxsize=1)
def functions_of(stack: Stack) -> Functions:
    """The functions of a stack; made once for the policies that look at the same one."""
    return Functions(stack)


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
            call
            for kind, paths in (*INVOKERS.items(), *EDGES.items())
            for each in self.stack.of(kind)
            for path in paths
            for call in self._calls(each, path)
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
        if NAMED.get(invoker.type) == path and isinstance(value, str):
            match = IN_ARN.search(value) or BY_NAME.fullmatch(value)
            named = [(match[1], match[2])] if match else []
        else:
            named = list(dict.fromkeys(each for text in self._staged(value) for each in _named_in(text)))
        for name, qualifier in named:
            yield self._call(invoker, self._by_name.get(name), qualifier)
        if _incomplete(value):
            yield from self._unknown_calls(invoker, path)

    def _staged(self, value: Any) -> list[Any]:
        """A value of API Gateway as each stage reads it: its variables may name the function, the alias or both."""
        if not isinstance(value, str) or "stageVariables." not in value:
            return [value]
        return [
            STAGE_VARIABLE.sub(lambda match, given=given: str(given.get(match[1], match[0])), value)  # type: ignore[misc]
            for given in self._stage_variables
        ] or [value]

    @cached_property
    def _stage_variables(self) -> tuple[Mapping[str, Any], ...]:
        found = (stage.get(path) for kind, path in STAGES.items() for stage in self.stack.of(kind))
        return tuple(
            {key: text for key, text in each.items() if isinstance(text, str)}
            for each in found
            if isinstance(each, Mapping)
        )

    def _call(self, invoker: Resource, function: Resource | None, qualifier: str | None) -> Call:
        apart = qualifier
        if qualifier is None and (path := QUALIFIERS.get(invoker.type)) is not None:
            apart = invoker.get(path) or None
            if not isinstance(apart, str):
                aliases = self.stack.sources(invoker, path, ALIAS)
                named = "alias" if aliases or apart is UNKNOWN else None
                return Call(invoker, function, named, aliases[0] if aliases else None)
        alias = self._aliases.get((function.urn, str(apart))) if function is not None else None
        return Call(invoker, function, "alias" if str(apart).startswith(VARIABLE) else apart, alias)

    def _unknown_calls(self, invoker: Resource, path: str) -> Iterator[Call]:
        """What a value that isn't known comes from: aliases, or a function itself."""
        aliases = self.stack.sources(invoker, path, ALIAS)
        for alias in aliases:
            yield Call(invoker, self._functions_of_aliases.get(alias.urn), str(alias.get("name")), alias)
        reached = {found.urn for alias in aliases if (found := self._functions_of_aliases.get(alias.urn))}
        # CloudFront is given a function's qualified ARN, with the version that is published next: not known yet.
        for function in self.stack.sources(invoker, path, FUNCTION) if invoker.type not in EDGES else ():
            if function.urn not in reached:
                yield self._call(invoker, function, None)


def _named_in(value: Any) -> Iterator[tuple[str, str | None]]:
    """The functions named anywhere in a value, as name and qualifier; JSON in a text is read."""
    if isinstance(value, Mapping):
        lowered = {str(key).lower().removesuffix(".$"): each for key, each in value.items()}
        name, apart = lowered.get("functionname"), lowered.get("qualifier")
        match = (IN_ARN.fullmatch(name) or BY_NAME.fullmatch(name)) if isinstance(name, str) else None
        if match:
            yield match[1], match[2] or (str(apart) if apart is not None else None)
        for key, each in value.items():
            if not match or str(key).lower().removesuffix(".$") not in ("functionname", "qualifier"):
                yield from _named_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _named_in(each)
    elif isinstance(value, str):
        document = _json(value)
        if document is not None:
            yield from _named_in(document)
        else:
            yield from ((match[1], match[2]) for match in IN_ARN.finditer(value))


def _json(text: str) -> Any:
    """The object or list that a text is in JSON; None where it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    found = decoded(text)
    return found if isinstance(found, dict | list) else None


def _incomplete(value: Any) -> bool:
    """Whether a value, or a part of it, isn't known yet."""
    if value is UNKNOWN:
        return True
    parts = value.values() if isinstance(value, Mapping) else items(value) if not isinstance(value, str) else ()
    return any(each is not value and _incomplete(each) for each in parts)


def names(alarm: Resource, dimension: str) -> Iterator[str]:
    """What an alarm watches, by one dimension of its metrics."""
    for holder in (alarm.props, *(dig(query, "metric") for query in items(alarm.get("metricQueries")))):
        found = dig(holder, f"dimensions.{dimension}")
        if isinstance(found, str):
            yield found
