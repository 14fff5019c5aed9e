"""The Chroma store: merges what waits into it, answers queries from it, and says how it is."""

from __future__ import annotations

from typing import Any

from compaction import actions, compactor, deltas, repair

CODE = actions.Code("handler", compactor.compact, repair.repair, deltas.count)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Run the event's action: compact, repair, query or health."""
    return actions.run(event, lambda: CODE)
