"""The table's stream, sorted into updates (Amazon DynamoDB, "Change data capture for DynamoDB Streams").

An update is a message for a queue:

    {"schema": 1, "kind": "metadata", "receipt_id", "position", "fields": {"merchant", "total", "date", "text"}}
    {"schema": 1, "kind": "labels", "receipt_id", "position", "labels": [{"word_id", "label"}, …]}
    {"schema": 1, "kind": "removed", "receipt_id", "position"}

Positions compare as text in the order of the changes: the time of the change, then its number in the stream (numbers
of a table that was restored begin again).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

FIELDS = ("merchant", "total", "date", "text")

_types = TypeDeserializer()


def updates_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the updates that a stream record calls for; none where nothing that the store holds has changed."""
    change = record["dynamodb"]
    head = {"schema": 1, "receipt_id": text(plain(change["Keys"])["receipt_id"]), "position": _position(change)}
    if record["eventName"] == "REMOVE":
        return [{**head, "kind": "removed"}]
    new = plain(change["NewImage"])
    old = plain(change["OldImage"]) if "OldImage" in change else None
    updates = []
    now = fields(new)
    if old is None or fields(old) != now:
        updates.append({**head, "kind": "metadata", "fields": now})
    named = labels(new)
    if named != (labels(old) if old is not None else []):
        updates.append({**head, "kind": "labels", "labels": named})
    return updates


def _position(change: dict[str, Any]) -> str:
    return f"{float(change['ApproximateCreationDateTime']):017.6f}-{int(change['SequenceNumber']):040d}"


def plain(image: dict[str, Any]) -> dict[str, Any]:
    """Return an item without DynamoDB's type descriptors."""
    return {name: _types.deserialize(value) for name, value in image.items()}


def fields(item: dict[str, Any]) -> dict[str, str]:
    """Return what a metadata update carries of an item."""
    return {name: text(item.get(name)) for name in FIELDS}


def labels(item: dict[str, Any]) -> list[dict[str, str]]:
    """Return what a label update carries of an item: each label once and in order."""
    pairs = {(text(entry["word_id"]), text(entry["label"])) for entry in item.get("labels") or []}
    return [{"word_id": word_id, "label": label} for word_id, label in sorted(pairs)]


def text(value: Any) -> str:
    """Return a value as text; numbers without exponent, what is missing as ""."""
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
