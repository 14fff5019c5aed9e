"""Changes of merchant, total, date or text, and removals: kept as deltas for the next compaction."""

from __future__ import annotations

from typing import Any

from compaction import batches, metrics, next_compaction, switch

import amounts


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Process an SQS batch of metadata updates."""
    with metrics.judged():
        answer = batches.process(event, _write)
        next_compaction.ask()
    return answer


def _write(update: dict[str, Any]) -> None:
    switch.write_metadata(amounts.in_cents(update))
