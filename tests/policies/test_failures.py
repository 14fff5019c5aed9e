"""A policy that breaks is a finding of its own, which names it and the resource; the others are told as ever."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2

from core.policy_settings import Enforcement, PolicySettings
from policies.engine import Analyzer
from policies.pack import ConfiguredRule, configure
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Severity, StackRule
from policies.subject import Resource, Stack
from tests.policies.cases import FACTS, make
from tests.policies.requests import request, stack_request
from tests.policies.test_pack import one_of_each

QUEUE = "aws:sqs/queue:Queue"


def at_once(resource: Resource, *_: Any) -> list[str]:
    return [str(int(resource.get("size")))]


def after_a_finding(resource: Resource, *_: Any) -> Iterator[str]:
    yield "the first thing"
    yield from at_once(resource)


def endless(resource: Resource, *_: Any) -> list[str]:
    return endless(resource)


def sound(*_: Any) -> list[str]:
    return ["the sound one speaks"]


def rule(name: str, check: Callable[..., Any], *, locked: bool = False) -> ResourceRule:
    return ResourceRule(
        name=name,
        description="Sizes.",
        severity=Severity.LOW,
        remedy="Do it.",
        types=frozenset({QUEUE}),
        check=check,
        locked=locked,
    )


def diagnostics(*rules: ResourceRule | StackRule, size: Any = "hunter2", level: Enforcement = "advisory") -> list[Any]:
    analyzer = Analyzer([ConfiguredRule(each, level, NoConfig()) for each in rules], FACTS)
    resource = make(QUEUE, "jobs", {"size": size})
    found = [*analyzer.Analyze(request(resource), None).diagnostics]
    whole = analyzer.AnalyzeStack(stack_request([make("x:y:Z", "other"), resource]), None)
    return [*found, *whole.diagnostics]


@pytest.mark.parametrize(
    ("check", "size", "error"),
    [
        (at_once, "hunter2", "ValueError"),
        (at_once, None, "TypeError"),
        (at_once, math.nan, "ValueError"),
        (at_once, math.inf, "OverflowError"),
        (at_once, [{}], "TypeError"),
        (endless, 1, "RecursionError"),
    ],
)
def test_a_broken_policy_is_a_finding_and_hides_no_other(check: Callable[..., Any], size: Any, error: str) -> None:
    broke, other = diagnostics(rule("sizes-broken", check), rule("sizes-sound", sound), size=size)
    assert broke.policyName == "sizes-broken"
    assert broke.enforcementLevel == analyzer_pb2.MANDATORY
    assert f"sizes-broken broke at {QUEUE} jobs: {error} in tests/policies/test_failures.py:" in broke.message
    assert "policies:enforcement: sizes-broken: disabled" in broke.message
    assert "hunter2" not in broke.message
    assert (other.policyName, other.enforcementLevel) == ("sizes-sound", analyzer_pb2.ADVISORY)
    assert "the sound one speaks" in other.message


def test_what_was_found_before_is_told() -> None:
    first, broke = diagnostics(rule("sizes-broken", after_a_finding))
    assert "the first thing" in first.message
    assert "broke at" in broke.message


def test_nobody_is_told_to_switch_off_a_guard() -> None:
    (broke,) = diagnostics(rule("sizes-broken", at_once, locked=True))
    assert "disabled" not in broke.message


def test_a_policy_that_is_off_cant_break() -> None:
    assert diagnostics(rule("sizes-broken", at_once), level="disabled") == []


def broken_at_a_resource(stack: Stack, _config: NoConfig, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    for resource in stack.resources:
        if resource.type == QUEUE:
            yield from (PolicyViolation(text, resource) for text in at_once(resource))


def broken_at_once(_stack: Stack, _config: NoConfig, _facts: PolicyContext) -> list[PolicyViolation]:
    raise KeyError("no resource is to blame")


def test_a_stack_policy_names_the_resource_that_it_was_at() -> None:
    stack_rule = StackRule(
        name="sizes-stack",
        description="Sizes.",
        severity=Severity.LOW,
        remedy="Do it.",
        check=broken_at_a_resource,
    )
    (broke,) = diagnostics(stack_rule)
    assert f"sizes-stack broke at {QUEUE} jobs: ValueError" in broke.message
    assert broke.urn == make(QUEUE, "jobs").urn
    (broke,) = diagnostics(
        StackRule(
            name="sizes-stack",
            description="Sizes.",
            severity=Severity.LOW,
            remedy="Do it.",
            check=broken_at_once,
        )
    )
    assert "sizes-stack broke at the stack: KeyError" in broke.message
    assert broke.urn == ""


def numbers(value: Any, replacement: Any) -> Iterator[Any]:
    """Copies of a value in each of which one number is replaced."""
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(part, int | float) and not isinstance(part, bool):
            changed = [replacement]
        else:
            changed = list(numbers(part, replacement))
        for each in changed:
            copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
            copy[key] = each
            yield copy


def broken(answer: analyzer_pb2.AnalyzeResponse) -> list[str]:
    return [each.message for each in answer.diagnostics if " broke at " in each.message]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, 1e308, -0.0])
def test_no_number_breaks_a_policy(value: float | None) -> None:
    """Each number in a resource of each type that the program declares."""
    analyzer = Analyzer(configure(PolicySettings()), FACTS)
    resources = one_of_each()
    shown = [replace(each, given=props) for each in resources for props in numbers(each.props, value)]
    assert len(shown) > 40
    assert [text for each in shown for text in broken(analyzer.Analyze(request(each), None))] == []
    changed = {each.urn: each for each in shown}
    everywhere = [changed.get(each.urn, each) for each in resources]
    assert broken(analyzer.AnalyzeStack(stack_request(everywhere), None)) == []
