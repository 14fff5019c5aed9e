"""From a design to findings, worst first."""

from __future__ import annotations

from typing import Any

from assistant.rules import RULES

SEVERITIES = ("critical", "high", "medium", "low")


def analyse(design: str) -> dict[str, Any]:
    """Return {"findings": [{"rule", "severity", "message"}]}; the same design always gives the same findings."""
    broken = sorted(
        (rule for rule in RULES if rule.broken_by(design)),
        key=lambda rule: (SEVERITIES.index(rule.severity), rule.name),
    )
    return {
        "findings": [{"rule": rule.name, "severity": rule.severity, "message": rule.message} for rule in broken],
    }
