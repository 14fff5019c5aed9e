"""One compaction: the newest snapshot and the deltas that wait become the next snapshot.

Nothing is lost when it stops half-way: deltas are deleted after the pointer names the snapshot that has them, and those
of them that stay behind change nothing when they are merged again.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from receipt_chroma.compaction import deltas
from receipt_chroma.compaction.merging import merge
from receipt_chroma.compaction.rewriting import rewrite, until_first
from receipt_chroma.formats import check_writes
from receipt_chroma.snapshots import Pointer, Snapshots

MOST_DELTAS = 500


def compact(s3: Any, bucket: str, data_format: int) -> tuple[Counter[str], Pointer | None]:
    """Merge everything that waits, and write the store in the format; returns what was merged and the newest snapshot.

    Raises:
        receipt_chroma.formats.FormatError: this version can't write the format, or can't read the newest snapshot's.
        receipt_chroma.snapshots.OvertakenError: other compactions were faster, every time.
    """
    check_writes(data_format)
    total: Counter[str] = Counter()
    while True:
        merged, newest, waiting = until_first(lambda: _once(s3, bucket, data_format))
        total += merged
        if waiting < MOST_DELTAS:
            return total, newest


def _once(s3: Any, bucket: str, data_format: int) -> tuple[Counter[str], Pointer | None, int]:
    # Deltas first: one that another compaction merges meanwhile is in the snapshot that is read after it.
    waiting = deltas.waiting(s3, bucket, MOST_DELTAS)
    snapshots = Snapshots(s3, bucket)
    newest = snapshots.newest()
    if not waiting and (newest is None or newest.format == data_format):
        return Counter(), newest, 0
    merged, made = rewrite(snapshots, newest, data_format, lambda store: merge(store, waiting.values()))
    deltas.delete(s3, bucket, list(waiting))
    return merged, made, len(waiting)
