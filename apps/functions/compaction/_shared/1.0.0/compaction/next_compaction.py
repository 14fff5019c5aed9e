"""Asking for the next compaction."""

from __future__ import annotations

import json
import os

from compaction import aws


def ask() -> None:
    """Have deltas merged soon; without a COMPACTION_FUNCTION they wait until somebody compacts by hand."""
    function = os.environ.get("COMPACTION_FUNCTION")
    if function:
        payload = json.dumps({"action": "compact"}).encode()
        aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
