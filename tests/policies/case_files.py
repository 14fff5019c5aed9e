"""Cases of policies as YAML tables: what is declared, whether the policy finds something, the page that says so.

Tags: ``!unknown`` is a value that only the update tells; ``!json`` a document as text; ``!allow``, ``!trust`` and
``!condition`` the text of a document with one statement that allows, whose other elements are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from policies.pack import BY_NAME
from policies.rule import ResourceRule
from policies.subject import UNKNOWN, Resource
from tests.policies.cases import make, said, said_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:app-prod"
FUNCTIONS = (
    make("aws:lambda/function:Function", "app", {"name": "app-prod", "arn": ARN}),
    make("aws:lambda/alias:Alias", "live", {"functionName": "app-prod", "name": "live"}),
)
"""What stands in the stack beside the resources of a case about functions."""


@dataclass(frozen=True)
class Case:
    """One thing declared, and what is right about it."""

    policy: str
    name: str
    found: bool
    page: str
    """The service's documentation that says so."""
    resources: tuple[Resource, ...]

    @property
    def texts(self) -> list[str]:
        """What the policy finds."""
        if isinstance(BY_NAME[self.policy], ResourceRule):
            return [text for resource in self.resources for text in said(self.policy, resource)]
        beside = FUNCTIONS if self.policy == "function-through-alias" else ()
        return said_of(self.policy, (*beside, *self.resources))


class Loader(yaml.SafeLoader):
    """YAML with the tags of the tables."""


def _value(loader: Any, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else None


def _document(base: Mapping[str, Any]) -> Any:
    def make_document(loader: yaml.SafeLoader, node: yaml.Node) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **base, **_value(loader, node)}]})

    return make_document


def _condition(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "x:Do",
        "Resource": "*",
        "Condition": _value(loader, node),
    }
    return json.dumps({"Statement": [statement]})


Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)
Loader.add_constructor("!json", lambda loader, node: json.dumps(_value(loader, node)))
Loader.add_constructor("!allow", _document({}))
Loader.add_constructor("!trust", _document({"Action": "sts:AssumeRole"}))
Loader.add_constructor("!condition", _condition)


def read(folder: Path) -> Iterator[Case]:
    """Every case of a folder's tables."""
    for file in sorted(folder.glob("*.yaml")):
        table = yaml.load(file.read_text(), Loader)
        pages = table.pop("pages")
        for policy, cases in table.items():
            for case in cases:
                page = pages.get(case["page"], case["page"])
                entries = case.get("resources") or [{**case, "name": "caller"}]
                yield Case(policy, case["name"], case["found"], page, tuple(map(_resource, entries)))


def _resource(entry: Mapping[str, Any]) -> Resource:
    return make(entry["type"], entry["name"], _filled(entry.get("props") or {}), sources=entry.get("sources") or {})


def _filled(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("{fn}", ARN)
    if isinstance(value, Mapping):
        return {key: _filled(each) for key, each in value.items()}
    return [_filled(each) for each in value] if isinstance(value, list) else value
