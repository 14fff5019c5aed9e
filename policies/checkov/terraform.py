"""A Terraform plan of the resources of AWS, as ``terraform show -json`` writes one.

Format: Terraform, "JSON Output Format" (planned_values, resource_changes, configuration). A property that comes from
another resource becomes a reference, so that a check which follows connections finds the resource behind it; a value
that can't be told is a hole (``policies.checkov.holes``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.urn import name_of, type_of
from policies.checkov import connections, naming
from policies.checkov.holes import Holes
from policies.checkov.naming import Shape
from policies.checkov.resources import Resource
from policies.checkov.values import Unknown, unknown_paths

PROVIDER = "registry.terraform.io/hashicorp/aws"
ACTIONS = {"same": "no-op", "update": "update"}
"""Of the engine's operations; every other one that leaves a resource behind creates it."""


@dataclass
class TerraformPlan:
    """The plan, which resource each address in it stands for, and which of its arguments aren't known."""

    document: dict[str, Any]
    addresses: dict[str, Resource]
    unknown: dict[str, frozenset[tuple[str, ...]]]
    holes: Holes


Path = tuple[tuple[str, str], ...]
"""The properties that lead to a place, each with its argument."""


@dataclass
class Block:
    """A resource or a part of one in Terraform's terms."""

    values: dict[str, Any] = field(default_factory=dict)
    expressions: dict[str, Any] = field(default_factory=dict)


def plan(resources: Sequence[Resource]) -> TerraformPlan:
    """The plan of those resources that have a type of AWS, and of the providers they are made with."""
    known = {each.urn: each for each in resources if naming.terraform_type(each.type)}
    addresses = _addresses(list(known.values()))
    by_urn = {resource.urn: address for address, resource in addresses.items()}
    by_text = connections.Index(addresses)
    holes = Holes()
    planned, changes, configured, unknown = [], [], [], {}
    for address, resource in addresses.items():
        terraform, _, name = address.partition(".")
        references = {key: _references(urns, by_urn) for key, urns in resource.depends.items()}
        sources = {key: [_source(urn, by_urn) for urn in urns] for key, urns in resource.depends.items()}
        writer = Writer(terraform, holes, references, sources, by_text.of(address, resource))
        converted = writer.block(resource.inputs, ())
        converted.values.update(_lifecycle(resource))
        unknown[address] = frozenset(writer.unknown)
        head = {"address": address, "mode": "managed", "type": terraform, "name": name, "provider_name": PROVIDER}
        planned.append({**head, "schema_version": 0, "values": converted.values})
        actions = [ACTIONS.get(resource.operation, "create")]
        changes.append({**head, "change": {"actions": actions, "before": None, "after": converted.values}})
        configured.append({**head, "provider_config_key": "aws", "expressions": converted.expressions})
    providers = [each for each in resources if each.type == "pulumi:providers:aws"]
    document = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"provider_config": _providers(providers), "root_module": {"resources": configured}},
    }
    for each in providers:
        addresses[f"aws.{_identifier(each.name)}"] = each
        unknown[f"aws.{_identifier(each.name)}"] = frozenset()
    return TerraformPlan(document, addresses, unknown, holes)


def _lifecycle(resource: Resource) -> dict[str, Any]:
    """The options of Pulumi that mean the same. Only an update plan tells ``deleteBeforeReplace``."""
    block: dict[str, Any] = {}
    if resource.protect:
        block["prevent_destroy"] = True
    if resource.deleted_first is not None:
        block["create_before_destroy"] = not resource.deleted_first
    if resource.ignored:
        block["ignore_changes"] = ["all" if each == "*" else naming.snake(each) for each in resource.ignored]
    return {"lifecycle": [block]} if block else {}


def _addresses(resources: list[Resource]) -> dict[str, Resource]:
    """An address for each: the names of Pulumi may hold what an identifier can't, and may occur twice."""
    found: dict[str, Resource] = {}
    for resource in resources:
        base = f"{naming.terraform_type(resource.type)}.{_identifier(resource.name)}"
        address, count = base, 1
        while address in found:
            count += 1
            address = f"{base}_{count}"
        found[address] = resource
    return found


def _identifier(name: str) -> str:
    """Terraform, "Identifiers": letters, digits, underscores and hyphens, not beginning with a digit."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
    return plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"


def _references(urns: Sequence[str], by_urn: Mapping[str, str]) -> list[str]:
    """Terraform lists the attribute that is read and the resource it belongs to; which attribute isn't told here."""
    return [part for urn in urns if urn in by_urn for part in (f"{by_urn[urn]}.id", by_urn[urn])]


def _source(urn: str, by_urn: Mapping[str, str]) -> str:
    """Where a value comes from, also where the resource is none of AWS and so isn't in the plan."""
    outside = f"{naming.snake(type_of(urn).rpartition(':')[2])}.{_identifier(name_of(urn))}"
    return f"{by_urn.get(urn, outside)}.id"


class Writer:
    """Writes one resource. ``references`` and ``sources`` are by property; ``named`` tells what a text refers to."""

    def __init__(
        self,
        terraform: str,
        holes: Holes,
        references: Mapping[str, list[str]],
        sources: Mapping[str, list[str]],
        named: connections.Named,
    ) -> None:
        self.terraform, self.holes, self.named = terraform, holes, named
        self.references, self.sources = references, sources
        self.unknown: list[tuple[str, ...]] = []

    def block(self, inputs: Mapping[str, Any], above: Path) -> Block:
        """A block with all that is below it; ``above`` leads to it."""
        made = Block()
        for key, value in inputs.items():
            if value is not None:
                self._property(made, key, value, above)
        return made

    def _property(self, made: Block, key: str, value: Any, above: Path) -> None:
        keys = [*(each for each, _ in above), key]
        shape = naming.shape(self.terraform, keys, value)
        name = naming.argument(self.terraform, keys)
        if shape is Shape.BLOCK and isinstance(value, list) and naming.is_new(self.terraform, keys):
            name = naming.singular(name)
        behind = self.references.get(keys[0], [])
        path = (*above, (key, name))
        if shape is Shape.BLOCK:
            self._blocks(made, path, value)
        else:
            made.values[name] = self._attribute(path, shape, value)
            behind = behind or self.named(name, value)
        if behind and name not in made.expressions:
            made.expressions[name] = {"references": behind}

    def _blocks(self, made: Block, path: Path, value: Any) -> None:
        name = path[-1][1]
        parts = value if isinstance(value, list) else [value]
        values: list[Any] = []
        expressions: list[Any] = []
        for each in parts:
            if isinstance(each, Mapping):
                block = self.block(each, path)
                values.append(block.values)
                expressions.append(block.expressions)
            elif isinstance(each, Unknown):
                hole = self._hole(path, Shape.BLOCK, each, whole=each is value)
                values.append({hole: hole})
                expressions.append({})
        made.values[name] = values
        if any(expressions):
            made.expressions[name] = expressions

    def _attribute(self, path: Path, shape: Shape, value: Any) -> Any:
        if isinstance(value, Unknown):
            hole = self._hole(path, shape, value)
            return {hole: hole} if shape is Shape.MAP else [hole] if shape in (Shape.LIST, Shape.ONE) else hole
        if shape is Shape.JSON and isinstance(value, Mapping | list):
            if next(unknown_paths(value), None) is not None:
                return self._hole(path, shape, Unknown())
            return json.dumps(value)
        if shape is Shape.ONE and not isinstance(value, list):
            return [self._inner(path, value)]
        return self._inner(path, value)

    def _inner(self, path: Path, value: Any) -> Any:
        """A plain value, or one that holds others: what can't be told keeps its place."""
        if isinstance(value, Unknown):
            return self._hole(path, Shape.TEXT, value, whole=False)
        if isinstance(value, list):
            return [self._inner(path, each) for each in value]
        if isinstance(value, Mapping):
            return {key: self._inner((*path, (key, key)), each) for key, each in value.items()}
        return value

    def _hole(self, path: Path, shape: Shape, value: Unknown, whole: bool = True) -> str:
        names = tuple(name for _, name in path)
        self.unknown.append(names)
        source = next(iter(self.sources.get(path[0][0], [])), None)
        return self.holes.stand_in(value, names, shape, source, whole)


def _providers(resources: Sequence[Resource]) -> dict[str, Any]:
    found = {}
    for resource in resources:
        alias = _identifier(resource.name)
        constants = {
            naming.snake(key): {"constant_value": value}
            for key, value in resource.inputs.items()
            if isinstance(value, str)
        }
        found[f"aws.{alias}"] = {"name": "aws", "alias": alias, "full_name": PROVIDER, "expressions": constants}
    return found
