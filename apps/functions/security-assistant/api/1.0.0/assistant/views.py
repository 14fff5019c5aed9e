"""What the API shows of a job: the fields it knows, as far as whoever did the job wrote them."""

from __future__ import annotations

from typing import Any

from assistant.jobs import Item

JOB_FIELDS = ("job_id", "status", "created_at", "updated_at", "release", "reason")
FINDING_FIELDS = ("rule", "severity", "message")


def job(item: Item) -> dict[str, Any]:
    """Return a job as JSON values."""
    shown = {name: item[name] for name in JOB_FIELDS if name in item}
    if item["status"] != "completed":
        return shown
    findings = item["result"]["findings"]
    return {**shown, "findings": [{name: one[name] for name in FINDING_FIELDS if name in one} for one in findings]}
