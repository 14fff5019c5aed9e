"""What a template has to look like before anything in it is worked out.

Source: AWS CloudFormation user guide, "Template anatomy" and "Resources"; CloudFormation refuses what is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from cli.takeover.model import TakeoverError

LOOP = "Fn::ForEach::"
_SECTIONS = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")
_NAMES = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}


def check(name: str, body: Mapping[str, Any]) -> None:
    """Raise `TakeoverError` where a section, a parameter or a resource isn't what CloudFormation takes.

    ``name``: of the template's file. Loops (``Fn::ForEach``) are looked at once they are done.
    """
    try:
        json.dumps(body, skipkeys=True, default=str)
    except (ValueError, RecursionError):
        raise TakeoverError(f"{name} is nested too deeply, or refers to itself by a YAML anchor") from None
    for section in _SECTIONS:
        if body.get(section) is not None:
            _mapping(f"{name}: {section}", body[section])
    for key, declared in _entries(body, "Parameters"):
        _mapping(f"{name}: parameter {key}", declared)
        if not isinstance(declared.get("Type"), str):
            raise TakeoverError(f"{name}: parameter {key} has no Type: CloudFormation refuses the template")
        if not isinstance(declared.get("AllowedValues") or [], list):
            raise TakeoverError(f"{name}: AllowedValues of parameter {key} is no list")
    for key, resource in _entries(body, "Resources"):
        _mapping(f"{name}: resource {key}", resource)
        if not isinstance(resource.get("Type"), str):
            raise TakeoverError(f"{name}: resource {key} has no Type: CloudFormation refuses the template")
        for part in ("Properties", "Metadata"):
            if resource.get(part) is not None:
                _mapping(f"{name}: {part} of resource {key}", resource[part])
    _no_circle(name, body)


def _entries(body: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    return ((key, each) for key, each in (body.get(section) or {}).items() if not str(key).startswith(LOOP))


def _mapping(what: str, value: Any) -> None:
    if not isinstance(value, dict):
        found = "empty" if value is None else _NAMES.get(type(value), "no mapping")
        raise TakeoverError(f"{what} is {found}, where CloudFormation wants a mapping")


def _no_circle(name: str, body: Mapping[str, Any]) -> None:
    """Conditions may name others, but not themselves by any way round."""
    conditions = body.get("Conditions") or {}
    named = {
        key: [each for each in under("Condition", rule) if isinstance(each, str)] for key, rule in conditions.items()
    }
    uses = {key: {each for each in names if each in conditions} for key, names in named.items()}
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        circle = " -> ".join(str(each) for each in error.args[1])
        raise TakeoverError(f"{name}: conditions refer to themselves: {circle}") from None


def under(key: str, part: Any) -> Iterator[Any]:
    """What stands under a key, wherever in a part of a template; not looked into any further."""
    if isinstance(part, list):
        for each in part:
            yield from under(key, each)
    elif isinstance(part, dict):
        for own, each in part.items():
            if own == key:
                yield each
            else:
                yield from under(key, each)
