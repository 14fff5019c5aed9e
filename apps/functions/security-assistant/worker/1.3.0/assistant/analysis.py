"""From a design to findings with scores and suggestions, worst first."""

from __future__ import annotations

from typing import Any

from assistant.rules import RULES, Rule
from assistant.scores import SCORES
from assistant.suggestions import SUGGESTIONS


def analyse(design: str) -> dict[str, Any]:
    """Return {"score", "findings": [{"rule", "severity", "score", "message", "suggestion"}]}.

    The score is that of the worst finding. The same design always gives the same findings.
    """
    broken = sorted(
        (rule for rule in RULES if rule.broken_by(design)),
        key=lambda rule: (-SCORES[rule.severity], rule.name),
    )
    findings = [finding(rule) for rule in broken]
    return {"score": max((one["score"] for one in findings), default=0), "findings": findings}


def finding(rule: Rule) -> dict[str, Any]:
    """Return what is written about a broken rule."""
    return {
        "rule": rule.name,
        "severity": rule.severity,
        "score": SCORES[rule.severity],
        "message": rule.message,
        "suggestion": SUGGESTIONS[rule.name],
    }
