"""Waivers have an end, and are decided about again when it comes."""

from __future__ import annotations

from collections.abc import Iterator

from core.state import STACK
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource


def current(_stack: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
    """No waiver has expired."""
    today = facts.now.date()
    for waiver in facts.waivers:
        if not waiver.holds(today):
            yield (
                f"the waiver of {waiver.policy} for {waiver.resource} expired on {waiver.expires} "
                f"(owner: {waiver.owner}): {waiver.reason}"
            )


RULES = (
    ResourceRule(
        name="waivers-current",
        description="No waiver has expired.",
        severity=Severity.MEDIUM,
        remedy=(
            "Fix what the waiver is about and take it out of policies/waivers.yaml, or agree on another date with "
            "its owner."
        ),
        types=frozenset({STACK}),
        check=current,
    ),
)
