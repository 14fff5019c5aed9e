"""Changes of word labels: kept as deltas for the next compaction."""

from __future__ import annotations

from typing import Any

from compaction import batches, deltas, metrics, next_compaction


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of label updates."""
    with metrics.judged():
        answer = batches.process(event, deltas.write_labels)
        next_compaction.ask()
    return answer
