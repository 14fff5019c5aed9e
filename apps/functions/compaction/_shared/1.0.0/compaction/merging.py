"""Deltas into the store. Any order and any repetition of the same deltas give the same store."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from compaction.changes import FIELDS
from receipt_chroma.ledger import Waiting
from receipt_chroma.receipt import Receipt, labels_of
from receipt_chroma.store import Store


def merge(store: Store, deltas: list[dict[str, Any]]) -> Counter[str]:
    """Write deltas into the store; returns how many of each kind changed it. One that is outdated changes nothing."""
    touched = {str(delta["receipt_id"]) for delta in deltas}
    before = store.get(sorted(touched))
    receipts = dict(before)
    counts: Counter[str] = Counter()
    apply = {"metadata": _set_fields, "labels": _set_labels, "removed": _remove}
    for delta in deltas:
        if apply[delta["kind"]](store, receipts, delta):
            counts[delta["kind"]] += 1
    store.remove(sorted(set(before) - set(receipts)))
    store.put([receipt for name, receipt in sorted(receipts.items()) if before.get(name) != receipt])
    return counts


def _removed_since(store: Store, delta: dict[str, Any]) -> bool:
    return bool(delta["position"] <= store.ledger.removed.get(delta["receipt_id"], ""))


def _set_fields(store: Store, receipts: dict[str, Receipt], delta: dict[str, Any]) -> bool:
    name, position = delta["receipt_id"], delta["position"]
    known = receipts.get(name)
    if _removed_since(store, delta) or (known and position <= known.fields_position):
        return False
    if known is None:
        known = Receipt(name)
        if waiting := store.ledger.waiting.pop(name, None):
            known = replace(known, labels=waiting.labels, labels_position=waiting.position)
    fields: dict[str, Any] = {field: str(delta["fields"].get(field, "")) for field in FIELDS}
    receipts[name] = replace(known, fields_position=position, **fields)
    return True


def _set_labels(store: Store, receipts: dict[str, Receipt], delta: dict[str, Any]) -> bool:
    name, position = delta["receipt_id"], delta["position"]
    known, waiting = receipts.get(name), store.ledger.waiting.get(name)
    newest = known.labels_position if known else waiting.position if waiting else ""
    if _removed_since(store, delta) or position <= newest:
        return False
    labels = labels_of(delta["labels"])
    if known:
        receipts[name] = replace(known, labels=labels, labels_position=position)
    else:
        store.ledger.waiting[name] = Waiting(labels, position)
    return True


def _remove(store: Store, receipts: dict[str, Receipt], delta: dict[str, Any]) -> bool:
    name, position = delta["receipt_id"], delta["position"]
    if _removed_since(store, delta):
        return False
    store.ledger.removed[name] = position
    waiting, known = store.ledger.waiting.get(name), receipts.get(name)
    if waiting and waiting.position < position:
        del store.ledger.waiting[name]
    if known is None:
        return True
    # What is newer than the removal belongs to a receipt that was put under the same id again.
    newer_labels = known.labels_position > position
    if known.fields_position < position:
        del receipts[name]
        if newer_labels:
            store.ledger.waiting[name] = Waiting(known.labels, known.labels_position)
    elif not newer_labels:
        receipts[name] = replace(known, labels=(), labels_position="")
    return True
