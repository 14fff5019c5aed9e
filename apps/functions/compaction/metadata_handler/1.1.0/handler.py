"""Changes of merchant, total, date or text, and removals: kept as deltas for the next compaction."""

from __future__ import annotations

from typing import Any

from compaction import batches, metrics, next_compaction, switch


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of metadata updates."""
    with metrics.judged():
        answer = batches.process(event, switch.write_metadata)
        next_compaction.ask()
    return answer
