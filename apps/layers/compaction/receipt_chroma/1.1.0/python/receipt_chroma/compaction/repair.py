"""The store compared with the table, which is the truth, and put right where they differ.

For what a bad release has written (seed 002: "Incorrect metadata updates"): going back stops it, this mends it. Changes
that are still on their way are newer than what a repair writes, and win.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from receipt_chroma.compaction.rewriting import rewrite, until_first
from receipt_chroma.formats import check_writes
from receipt_chroma.receipt import Receipt
from receipt_chroma.snapshots import Pointer, Snapshots
from receipt_chroma.store import Store
from receipt_chroma.stream import receipt_of


def repair(s3: Any, bucket: str, data_format: int, dynamodb: Any, table: str) -> tuple[int, Pointer | None]:
    """Put the store right; returns how many receipts were wrong, missing or too many, and the newest snapshot.

    Raises:
        receipt_chroma.formats.FormatError: this version can't write the format, or can't read the newest snapshot's.
        receipt_chroma.snapshots.OvertakenError: compactions were faster, every time.
    """
    check_writes(data_format)

    def attempt() -> tuple[int, Pointer | None]:
        snapshots = Snapshots(s3, bucket)
        newest = snapshots.newest()
        # After the pointer was read: the table is never behind the snapshot that it puts right.
        pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        truth = [receipt_of(item) for page in pages for item in page["Items"]]
        if newest is None and not truth:
            return 0, None
        return rewrite(snapshots, newest, data_format, lambda store: _put_right(store, truth))

    return until_first(attempt)


def _put_right(store: Store, truth: list[Receipt]) -> int:
    kept = {receipt.receipt_id: receipt for page in store.pages() for receipt in page}
    wrong = []
    for receipt in truth:
        store.ledger.waiting.pop(receipt.receipt_id, None)
        known = kept.pop(receipt.receipt_id, receipt)
        # The positions stay, so that a change which is on its way still counts as newer.
        right = replace(receipt, fields_position=known.fields_position, labels_position=known.labels_position)
        if known is receipt or known != right:
            wrong.append(right)
    for surplus in kept.values():
        if position := max(surplus.fields_position, surplus.labels_position):
            store.ledger.removed[surplus.receipt_id] = position
    store.remove(sorted(kept))
    store.put(wrong)
    return len(wrong) + len(kept)
