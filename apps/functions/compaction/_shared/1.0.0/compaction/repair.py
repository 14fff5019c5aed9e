"""The store compared with the table, which is the truth, and put right where they differ.

For what a bad release has written (seed 002: "Incorrect metadata updates"): going back stops it, this mends it. Changes
that are still on their way are newer than what a repair writes, and win.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from compaction import aws, changes, compactor, settings
from receipt_chroma.receipt import Receipt, labels_of
from receipt_chroma.snapshots import Pointer
from receipt_chroma.store import Store


def repair() -> tuple[int, Pointer | None]:
    """Put the store right; returns how many receipts were wrong, missing or too many, and the newest snapshot.

    Raises:
        receipt_chroma.snapshots.OvertakenError: a compaction was faster; try again.
    """
    snapshots, data_format = settings.snapshots(), settings.data_format()
    newest = snapshots.newest()
    with TemporaryDirectory() as work:
        folder = Path(work)
        with compactor.opened(snapshots, newest, data_format, folder) as store:
            repaired = _put_right(store, {receipt.receipt_id: receipt for receipt in _table()})
            items = store.count()
        if repaired:
            newest = snapshots.publish(folder / "store", data_format, items, newest.number + 1 if newest else 1)
    return repaired, newest


def _put_right(store: Store, table: dict[str, Receipt]) -> int:
    kept = {receipt.receipt_id: receipt for page in store.pages() for receipt in page}
    wrong = []
    for name, truth in table.items():
        known = kept.get(name, truth)
        store.ledger.waiting.pop(name, None)
        # The positions stay, so that a change which is on its way still counts as newer.
        right = replace(truth, fields_position=known.fields_position, labels_position=known.labels_position)
        if name not in kept or known != right:
            wrong.append(right)
    surplus = sorted(set(kept) - set(table))
    for name in surplus:
        if position := max(kept[name].fields_position, kept[name].labels_position):
            store.ledger.removed[name] = position
    store.remove(surplus)
    store.put(wrong)
    return len(wrong) + len(surplus)


def _table() -> Iterator[Receipt]:
    pages = aws.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=os.environ["RECEIPTS_TABLE"], ConsistentRead=True):
        for item in page["Items"]:
            yield _receipt(item)


def _receipt(item: dict[str, Any]) -> Receipt:
    plain = changes.plain(item)
    return Receipt(
        receipt_id=changes.text(plain["receipt_id"]),
        labels=labels_of(changes.labels(plain)),
        **changes.fields(plain),
    )
