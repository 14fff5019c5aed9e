"""The table's stream, sorted into the metadata and the label queue."""

from __future__ import annotations

from typing import Any

from compaction import streams, switch
from compaction.log import say


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Queue the updates that a batch of stream records calls for."""
    answer = streams.process(event, switch.updates_of)
    say("Stream batch queued", records=len(event["Records"]), failed=len(answer["batchItemFailures"]))
    return answer
