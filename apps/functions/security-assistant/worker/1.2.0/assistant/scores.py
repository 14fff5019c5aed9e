"""Severities as scores from 0 to 10, each in its band of CVSS v3.1's qualitative severity rating scale."""

from __future__ import annotations

from assistant.rules import Severity

SCORES: dict[Severity, int] = {"critical": 10, "high": 8, "medium": 5, "low": 2}
