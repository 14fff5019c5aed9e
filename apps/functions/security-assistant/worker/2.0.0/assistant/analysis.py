"""From a design to findings with scores and suggestions, worst first, and how bad it is on the whole."""

from __future__ import annotations

from statistics import mean
from typing import Any

from assistant.rules import RULES, Rule
from assistant.scores import SCORES
from assistant.suggestions import SUGGESTIONS


def analyse(design: str) -> dict[str, Any]:
    """Return {"score", "findings": [{"rule", "severity", "score", "message", "suggestion"}]}.

    The score is the mean of the findings'. The same design always gives the same findings.
    """
    by_severity = {rule.severity: finding(rule) for rule in RULES if rule.broken_by(design)}
    findings = sorted(by_severity.values(), key=lambda one: -int(one["score"]))
    return {"score": mean(one["score"] for one in findings), "findings": findings}


def finding(rule: Rule) -> dict[str, Any]:
    """Return what is written about a broken rule."""
    return {
        "rule": rule.name,
        "severity": rule.severity,
        "score": SCORES[rule.severity],
        "message": rule.message,
        "suggestion": SUGGESTIONS[rule.name],
    }
