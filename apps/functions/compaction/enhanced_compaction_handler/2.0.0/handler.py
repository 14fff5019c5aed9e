"""The Chroma store: merges what waits into it, answers queries from it, and says how it is."""

from __future__ import annotations

import time
from typing import Any

from compaction import actions, switch
from compaction.log import say


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Run the event's action: compact, repair, query or health."""
    started = time.monotonic()
    answer = actions.run(event, switch.code)
    say("Action complete", action=event["action"], seconds=f"{time.monotonic() - started:.3f}")
    return answer
