"""Resources and stacks as a test writes them, and what a policy says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.model import Model
from policies.pack import BY_NAME
from policies.rule import PolicyContext, ResourceRule, StackRule, judge, judge_stack
from policies.subject import Resource, Stack

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FACTS = PolicyContext("prod", lambda: NOW)


def urn(name: str) -> str:
    return f"urn:pulumi:prod::trial::trial::{name}"


def make(kind: str, name: str = "one", props: Mapping[str, Any] | None = None, **more: Any) -> Resource:
    """A resource; ``sources`` and ``dependencies`` name other resources by their short names."""
    sources = {path: [urn(each) for each in found] for path, found in more.pop("sources", {}).items()}
    dependencies = [urn(each) for each in more.pop("dependencies", ())]
    more.setdefault("custom", not kind.startswith("rollback:"))
    return Resource(kind, name, urn(name), props or {}, sources=sources, dependencies=dependencies, **more)


def configured(name: str, config: Mapping[str, Any] | None) -> Model:
    return BY_NAME[name].config.model_validate(config or {})


def said(
    name: str, resource: Resource, config: Mapping[str, Any] | None = None, facts: PolicyContext = FACTS
) -> list[str]:
    """What a resource policy finds."""
    rule = BY_NAME[name]
    assert isinstance(rule, ResourceRule)
    return [finding.text for finding in judge(rule, resource, configured(name, config), facts)]


def said_of(
    name: str, resources: Iterable[Resource], config: Mapping[str, Any] | None = None, facts: PolicyContext = FACTS
) -> list[str]:
    """What a stack policy finds."""
    rule = BY_NAME[name]
    assert isinstance(rule, StackRule)
    return [finding.text for finding in judge_stack(rule, Stack(resources), configured(name, config), facts)]
