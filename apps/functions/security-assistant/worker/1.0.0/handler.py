"""The worker: takes jobs from the queue, analyses their designs, writes what it found.

Invoked directly with {"test": true} it makes a dry run: a sample is analysed, and nothing written (seed 004, system
health checks).
"""

from __future__ import annotations

from typing import Any

from assistant import analysis, batch, health, sample


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch, or a direct test."""
    if event.get("test") is True:
        return _dry_run()
    return batch.process(event["Records"])


def _dry_run() -> dict[str, Any]:
    found = health.report()
    findings = analysis.analyse(sample.DESIGN)["findings"]
    if not findings:
        found = {**found, "status": "unhealthy", "problem": "nothing was found in a design that is full of holes"}
    return {**found, "findings": len(findings)}
