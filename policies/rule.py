"""A policy as data with a pure check, and the one place where waivers are applied."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from core import project
from core.model import Model
from core.policy_settings import Enforcement
from guard.approvals import Approval
from policies.subject import Resource, Stack
from policies.waivers import Waiver


class Severity(StrEnum):
    """What a violation means: critical loses data or opens it to anyone, high takes a way back, medium an alarm or a
    share of the capacity, low an explanation."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class NoConfig(Model):
    """For policies that have nothing to set."""


@dataclass(frozen=True)
class PolicyContext:
    """What checks know beside the resources."""

    stack: str
    clock: Callable[[], datetime]
    """The time with its zone: an update may outlast an approval."""
    approvals: tuple[Approval, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    releases: Path | None = None
    """The folder of the releases; None where a project has none."""
    pins: frozenset[str] = frozenset()
    """The releases that the stack's settings name."""
    live: bool = True
    """Whether this is a preview or an update. Over a state, which ``pulumi policy analyze`` reads, the engine knows no
    ``deleteBeforeReplace``, and what the plan tells of was done long ago."""

    @property
    def now(self) -> datetime:
        """The time of the check."""
        return self.clock()


@dataclass(frozen=True)
class PolicyViolation:
    """One violation. ``resource`` is None where it is the stack's as a whole."""

    text: str
    resource: Resource | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every policy has."""

    name: str
    """Kebab-case; what settings, waivers and the engine's messages call it."""
    description: str
    severity: Severity
    remedy: str
    """What to do, with ``{guard}``, ``{recovery}`` and so on for the project's own commands (``core.project``)."""
    config: type[Model] = NoConfig
    enforcement: Enforcement = "mandatory"
    """Where a stack's settings say nothing."""
    locked: bool = False
    """No setting lowers it, and no waiver covers it."""

    @property
    def remediation_steps(self) -> str:
        """What to do, in the words of the current project."""
        return project.current().spelled(self.remedy)


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """Looks at one resource before the engine does anything about it: it stops an update in time."""

    types: Container[str]
    check: Callable[[Resource, Any, PolicyContext], Iterable[str]]
    """The texts of what is wrong."""


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """Looks at all resources at once, at the end of a preview or an update."""

    check: Callable[[Stack, Any, PolicyContext], Iterable[PolicyViolation]]


def judge(rule: ResourceRule, resource: Resource, config: Model, facts: PolicyContext) -> Iterator[PolicyViolation]:
    """What is wrong with a resource, and isn't waived."""
    if resource.type in rule.types:
        found = (PolicyViolation(text, resource) for text in rule.check(resource, config, facts))
        yield from _not_waived(rule, found, facts)


def judge_stack(rule: StackRule, stack: Stack, config: Model, facts: PolicyContext) -> Iterator[PolicyViolation]:
    """What is wrong with a stack, and isn't waived."""
    yield from _not_waived(rule, rule.check(stack, config, facts), facts)


def _not_waived(rule: Rule, findings: Iterable[PolicyViolation], facts: PolicyContext) -> Iterator[PolicyViolation]:
    today = facts.now.date()
    waivers = [] if rule.locked else [each for each in facts.waivers if each.policy == rule.name and each.holds(today)]
    for finding in findings:
        names = [] if finding.resource is None else [finding.resource.name, finding.resource.physical_name]
        if not any(waiver.covers(name) for waiver in waivers for name in names if name):
            yield finding


def schema(config: type[Model], current: Model) -> dict[str, dict[str, Any]]:
    """A configuration's properties as JSON schema for ``PolicyConfigSchema``, with ``current`` as the defaults.

    The engine hands the schema's defaults back as the policy's configuration, so they have to be the stack's values.
    """
    whole = config.model_json_schema(by_alias=True)
    values = current.model_dump(mode="json", by_alias=True)
    definitions: Mapping[str, Any] = whole.get("$defs", {})
    properties = whole.get("properties", {})
    return {
        name: {**_inlined(_without(each, "default", "title"), definitions), "default": values[name]}
        for name, each in properties.items()
    }


def _without(mapping: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys}


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """The engine knows no references between schemas."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            meant = _inlined(definitions[str(node["$ref"]).rpartition("/")[2]], definitions)
            return {**meant, **_inlined(_without(node, "$ref"), definitions)}
        return {key: _inlined(value, definitions) for key, value in node.items()}
    return [_inlined(each, definitions) for each in node] if isinstance(node, list) else node
