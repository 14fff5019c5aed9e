"""What the compaction function can be asked for: {"action": "compact" | "repair" | "query" | "health"}."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import receipt_chroma
from compaction import metrics, settings
from compaction.log import say
from receipt_chroma.formats import FormatError, check_reads
from receipt_chroma.receipt import labels_json
from receipt_chroma.snapshots import Pointer
from receipt_chroma.store import Hit, Store

MOST_RESULTS = 50


class RequestError(Exception):
    """The event asks for something that there is not."""


@dataclass(frozen=True)
class Code:
    """The code that does the work.

    Args:
        name: where it comes from.
        compact: merges what waits; returns the updates by kind and the newest snapshot.
        repair: puts the store right; returns the number of receipts changed and the newest snapshot.
        waiting: returns the number of updates that wait.
    """

    name: str
    compact: Callable[[], tuple[Counter[str], Pointer | None]]
    repair: Callable[[], tuple[int, Pointer | None]]
    waiting: Callable[[], int]


def run(event: dict[str, Any], load: Callable[[], Code]) -> dict[str, Any]:
    """Run the event's action with the code that `load` returns; code that can't be loaded counts as an error, too.

    Raises:
        RequestError: there is no such action, or its arguments are wrong.
    """
    actions: dict[str, Callable[[], dict[str, Any]]] = {
        "compact": lambda: _compact(load),
        "repair": lambda: _repair(load),
        "query": lambda: _query(event),
        "health": lambda: _health(load()),
    }
    if event.get("action") not in actions:
        raise RequestError(f"the event's action is {event.get('action')!r}: give one of {', '.join(actions)}")
    return {"release": os.environ.get("RELEASE", ""), **actions[event["action"]]()}


def _compact(load: Callable[[], Code]) -> dict[str, Any]:
    with metrics.judged():
        code = load()
        merged, newest = code.compact()
    counts = {metrics.METADATA: merged["metadata"] + merged["removed"], metrics.LABELS: merged["labels"]}
    if any(counts.values()):
        metrics.count(**{name: value for name, value in counts.items() if value})
    say("Compaction complete", code=code.name, **merged, **_shown(newest))
    return {"merged": dict(merged), **_shown(newest)}


def _repair(load: Callable[[], Code]) -> dict[str, Any]:
    with metrics.judged():
        code = load()
        repaired, newest = code.repair()
    say("Repair complete", code=code.name, repaired=repaired, **_shown(newest))
    return {"repaired": repaired, **_shown(newest)}


def _health(code: Code) -> dict[str, Any]:
    newest = settings.snapshots().newest()
    versions = {"package": receipt_chroma.__version__, "code": code.name}
    state = {"status": "ok", **versions, "waiting": code.waiting(), **_shown(newest)}
    try:
        settings.data_format()
        if newest:
            check_reads(newest.format, f"the snapshot {newest.key}")
    except FormatError as error:
        state |= {"status": "failing", "reason": str(error)}
    return state


def _shown(newest: Pointer | None) -> dict[str, Any]:
    return {"format": newest.format, "items": newest.items} if newest else {"format": None, "items": 0}


def _query(event: dict[str, Any]) -> dict[str, Any]:
    text, top_k = event.get("text"), event.get("top_k", 5)
    if not isinstance(text, str) or not text.strip():
        raise RequestError("a query needs a text")
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MOST_RESULTS:
        raise RequestError(f"top_k must be a number from 1 to {MOST_RESULTS}")
    snapshots = settings.snapshots()
    newest = snapshots.newest()
    if newest is None:
        return {"format": None, "results": []}
    with TemporaryDirectory() as work:
        snapshots.unpack(newest, Path(work))
        with Store(Path(work), newest.format) as store:
            hits = store.query(text, top_k)
    return {"format": newest.format, "results": [_result(hit) for hit in hits]}


def _result(hit: Hit) -> dict[str, Any]:
    shown = {name: value for name, value in asdict(hit.receipt).items() if not name.endswith("_position")}
    return {**shown, "labels": labels_json(hit.receipt.labels), "distance": round(hit.distance, 6)}
