"""What the policies say, with the pack's own words for what to do."""

from __future__ import annotations

from collections.abc import Iterable

from cli.review.model import Verdict
from cli.review.preview import Violation
from cli.review.resources import Resources
from core.urn import name_of
from policies.pack import BY_NAME

SEVERITIES = ("critical", "high", "medium", "low", "")


def verdicts(violations: Iterable[Violation], resources: Resources) -> tuple[Verdict, ...]:
    """Every violation: mandatory ones first, the most severe first."""
    return tuple(sorted((_verdict(each, resources) for each in violations), key=_rank))


def _verdict(violation: Violation, resources: Resources) -> Verdict:
    rule = BY_NAME.get(violation.policy)
    description, remediation = (rule.description, rule.remediation_steps) if rule else ("", "")
    # The engine puts the description first, and the pack its remediation last.
    text = violation.message.removeprefix(description).removesuffix(remediation)
    return Verdict(
        policy=violation.policy,
        enforcement=violation.enforcement,
        severity=violation.severity,
        urn=violation.urn,
        resource=name_of(violation.urn),
        text=" ".join(text.split()) or violation.message,
        remediation_steps=remediation,
        source=resources.source(violation.urn),
    )


def _rank(verdict: Verdict) -> tuple[bool, int, str, str]:
    severity = SEVERITIES.index(verdict.severity) if verdict.severity in SEVERITIES else len(SEVERITIES)
    return not verdict.mandatory, severity, verdict.policy, verdict.resource
