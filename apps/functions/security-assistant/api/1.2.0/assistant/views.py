"""What the API shows of a job: the fields it knows, as far as whoever did the job wrote them, and a summary."""

from __future__ import annotations

from collections import Counter
from typing import Any

from assistant.jobs import Item

JOB_FIELDS = ("job_id", "status", "created_at", "updated_at", "release", "reason")
RESULT_FIELDS = ("score",)
FINDING_FIELDS = ("rule", "severity", "score", "message")


def job(item: Item) -> dict[str, Any]:
    """Return a job as JSON values, with the number of findings by severity; scores where the worker gave them."""
    shown = {name: item[name] for name in JOB_FIELDS if name in item}
    if item["status"] != "completed":
        return shown
    result = item["result"]
    findings = result["findings"]
    return {
        **shown,
        **{name: result[name] for name in RESULT_FIELDS if name in result},
        "summary": dict(Counter(one["severity"] for one in findings)),
        "findings": [{name: one[name] for name in FINDING_FIELDS if name in one} for one in findings],
    }
