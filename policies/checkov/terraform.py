"""A Terraform plan of the resources of AWS, as ``terraform show -json`` writes one.

Format: Terraform, "JSON Output Format" (planned_values, resource_changes, configuration). A property that comes from
another resource becomes a reference, so that a check which follows connections finds the resource behind it; a value
that isn't known yet is left out of the planned values and listed under ``after_unknown``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.checkov import naming
from policies.checkov.resources import Resource
from policies.checkov.values import UNKNOWN, without_unknown

PROVIDER = "registry.terraform.io/hashicorp/aws"
ACTIONS = {"same": "no-op", "update": "update"}
"""Of the engine's operations; every other one that leaves a resource behind creates it."""


@dataclass
class Plan:
    """The plan, which resource each address in it stands for, and which of its attributes aren't known."""

    document: dict[str, Any]
    addresses: dict[str, Resource]
    unknown: dict[str, frozenset[tuple[str, ...]]]


@dataclass
class Block:
    """A resource or a part of one in Terraform's terms."""

    values: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)
    expressions: dict[str, Any] = field(default_factory=dict)


def plan(resources: Sequence[Resource]) -> Plan:
    """The plan of those resources that have a type of AWS, and of the providers they are made with."""
    known = {each.urn: each for each in resources if naming.terraform_type(each.type)}
    addresses = _addresses(list(known.values()))
    by_urn = {resource.urn: address for address, resource in addresses.items()}
    planned, changes, configured, unknown = [], [], [], {}
    for address, resource in addresses.items():
        terraform, _, name = address.partition(".")
        references = {key: _references(urns, by_urn) for key, urns in resource.depends.items()}
        converted = _block(resource.inputs, resource.module, terraform, references)
        unknown[address] = frozenset(_unknown_paths(converted.unknown))
        head = {"address": address, "mode": "managed", "type": terraform, "name": name, "provider_name": PROVIDER}
        planned.append({**head, "schema_version": 0, "values": converted.values})
        change = {
            "actions": [ACTIONS.get(resource.operation, "create")],
            "before": None,
            "after": converted.values,
            "after_unknown": converted.unknown,
        }
        changes.append({**head, "change": change})
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
    return Plan(document, addresses, unknown)


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


def _block(
    inputs: Mapping[str, Any], module: str, terraform: str, references: Mapping[str, list[str]], top: bool = True
) -> Block:
    """``references`` are by property at the top and the same for every part below it."""
    made = Block()
    for key, value in inputs.items():
        if value is None:
            continue
        behind = references.get(key, []) if top else references.get("", [])
        name = naming.attribute(key, terraform) if top else naming.snake(key)
        if isinstance(value, Mapping) and not naming.is_map(key, module, dict(value)):
            _add_blocks(made, name, [value], module, terraform, behind)
        elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            parts = [each for each in value if isinstance(each, Mapping)]
            _add_blocks(made, naming.block(key), parts, module, terraform, behind)
        else:
            _add_attribute(made, name, value, behind)
    return made


def _add_blocks(
    made: Block, name: str, parts: Sequence[Mapping[str, Any]], module: str, terraform: str, behind: list[str]
) -> None:
    blocks = [_block(part, module, terraform, {"": behind}, top=False) for part in parts]
    made.values[name] = [each.values for each in blocks]
    if any(each.unknown for each in blocks):
        made.unknown[name] = [each.unknown for each in blocks]
    if any(each.expressions for each in blocks):
        made.expressions[name] = [each.expressions for each in blocks]
    elif behind:
        made.expressions[name] = {"references": behind}


def _add_attribute(made: Block, name: str, value: Any, behind: list[str]) -> None:
    """A list keeps an empty place for each item that isn't known, as Terraform's does."""
    if value is UNKNOWN:
        made.unknown[name] = True
    elif isinstance(value, list):
        made.values[name] = [None if each is UNKNOWN else without_unknown(each) for each in value]
        if any(each is UNKNOWN for each in value):
            made.unknown[name] = [each is UNKNOWN for each in value]
    else:
        made.values[name] = without_unknown(value)
        if isinstance(value, Mapping) and UNKNOWN in value.values():
            made.unknown[name] = {key: True for key, each in value.items() if each is UNKNOWN}
    if behind:
        made.expressions[name] = {"references": behind}


def _unknown_paths(unknown: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """``after_unknown`` as paths; places in lists aren't counted."""
    if unknown is True:
        yield path
    elif isinstance(unknown, dict):
        for key, each in unknown.items():
            yield from _unknown_paths(each, (*path, key))
    elif isinstance(unknown, list):
        for each in unknown:
            yield from _unknown_paths(each, path)


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
