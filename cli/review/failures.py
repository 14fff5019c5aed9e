"""What fails a review, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from cli.review import groups
from cli.review.model import Risk, Verdict, Way
from policies.checkov import Report
from policies.waivers import WAY_BACK

NAMED = 5
"""How many of a kind are named in one line."""


def failures(
    verdicts: Sequence[Verdict],
    report: Report | None,
    risks: Sequence[Risk],
    stopped: Sequence[str],
    found: Sequence[Way],
) -> tuple[str, ...]:
    """The lines; none where the review passes."""
    lines = []
    if lost := [risk for risk in risks if risk.refusal is not None]:
        by_outcome = {
            outcome: [risk.name for risk in lost if risk.outcome == outcome]
            for outcome in dict.fromkeys(r.outcome for r in lost)
        }
        told = (f"{_named(names)} would be {outcome}" for outcome, names in by_outcome.items())
        lines.append(f"durable stores at risk: {', '.join(told)}")
    if broken := [verdict for verdict in groups.without_risks(verdicts, risks) if verdict.mandatory]:
        lines.append(f"mandatory policies: {_named(list(dict.fromkeys(each.policy for each in broken)))}")
    lines.extend(f"the preview fails: {line}" for line in stopped)
    if report is not None and not report.passed:
        checks = [*(each.check for each in report.findings), *(f"{each.check} (expired)" for each in report.expired)]
        lines.append(f"checkov: {_named(list(dict.fromkeys(checks)))}")
    if closed := [way.version for way in found if way.closed_here]:
        waiver = f"say so in policies/waivers.yaml (policy: {WAY_BACK}, resource: {closed[0]})"
        way = f"this change closes the way to {_named(closed)}: keep it open, or"
        lines.append(
            f"{way} approve what happens to the stores at risk, which no waiver lets go" if lost else f"{way} {waiver}"
        )
    return tuple(lines)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
