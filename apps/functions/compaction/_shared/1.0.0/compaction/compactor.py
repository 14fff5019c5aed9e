"""One compaction: the newest snapshot and the deltas that wait become the next snapshot.

Nothing is lost when it stops half-way: deltas are deleted after the pointer names the snapshot that has them, and those
of them that stay behind change nothing when they are merged again.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compaction import deltas, merging, settings
from receipt_chroma.snapshots import OvertakenError, Pointer, Snapshots
from receipt_chroma.store import Store

ATTEMPTS = 10
LONGEST_PAUSE = 0.5
MOST_DELTAS = 500


def compact() -> tuple[Counter[str], Pointer | None]:
    """Merge everything that waits; returns the updates merged by kind, and the newest snapshot.

    Raises:
        receipt_chroma.snapshots.OvertakenError: other compactions were faster, ATTEMPTS times in a row.
    """
    merged: Counter[str] = Counter()
    overtaken = 0
    while True:
        waiting = deltas.waiting(MOST_DELTAS)
        try:
            counts, newest = _once(waiting)
        except OvertakenError:
            overtaken += 1
            if overtaken == ATTEMPTS:
                raise
            time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 - a pause, not a secret
            continue
        merged += counts
        if len(waiting) < MOST_DELTAS:
            return merged, newest


def _once(waiting: dict[str, dict[str, Any]]) -> tuple[Counter[str], Pointer | None]:
    snapshots, data_format = settings.snapshots(), settings.data_format()
    newest = snapshots.newest()
    if not waiting and (newest is None or newest.format == data_format):
        return Counter(), newest
    with TemporaryDirectory() as work:
        folder = Path(work)
        with opened(snapshots, newest, data_format, folder) as store:
            counts = merging.merge(store, list(waiting.values()))
            items = store.count()
        made = snapshots.publish(folder / "store", data_format, items, newest.number + 1 if newest else 1)
    deltas.delete(list(waiting))
    snapshots.trim(made)
    return counts, made


def opened(snapshots: Snapshots, newest: Pointer | None, data_format: int, folder: Path) -> Store:
    """Return the newest store in `folder`/store, brought into the format where it has another."""
    if newest is None:
        return Store(folder / "store", data_format)
    if newest.format == data_format:
        snapshots.unpack(newest, folder / "store")
        return Store(folder / "store", data_format)
    snapshots.unpack(newest, folder / "before")
    made = Store(folder / "store", data_format)
    with Store(folder / "before", newest.format) as before:
        made.ledger = before.ledger
        for page in before.pages():
            made.put(page)
    return made
