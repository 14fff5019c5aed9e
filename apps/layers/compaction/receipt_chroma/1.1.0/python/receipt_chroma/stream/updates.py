"""Stream records into updates (Amazon DynamoDB, "Change data capture for DynamoDB Streams")."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from boto3.dynamodb.types import TypeDeserializer

from receipt_chroma.receipt import Label, Receipt, labels_json

Kind = Literal["metadata", "labels", "removed"]

FIELDS = ("merchant", "total", "date", "text")

_types = TypeDeserializer()


@dataclass(frozen=True)
class Update:
    """One change of a receipt.

    Args:
        position: its place in the order of changes; compares as text: the time of the change, then its number in the
            stream (the numbers of a table that was restored begin again).
        fields: merchant, total, date and text, of a metadata update.
        labels: all the receipt's labels, of a label update.
    """

    kind: Kind
    receipt_id: str
    position: str
    fields: dict[str, str] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()

    def message(self) -> dict[str, Any]:
        """Return it as messages and deltas carry it, in the form that releases before this package knew too."""
        head = {"schema": 1, "kind": self.kind, "receipt_id": self.receipt_id, "position": self.position}
        if self.kind == "metadata":
            return {**head, "fields": self.fields}
        return {**head, "labels": labels_json(self.labels)} if self.kind == "labels" else head


def updates_of(record: dict[str, Any]) -> list[Update]:
    """Return the updates that a stream record calls for; none where nothing that the store holds has changed."""
    change = record["dynamodb"]
    receipt_id = _text(_types.deserialize(change["Keys"]["receipt_id"]))
    position = f"{float(change['ApproximateCreationDateTime']):017.6f}-{int(change['SequenceNumber']):040d}"
    if record["eventName"] == "REMOVE":
        return [Update("removed", receipt_id, position)]
    new = receipt_of(change["NewImage"])
    old = receipt_of(change["OldImage"]) if "OldImage" in change else None
    updates = []
    if old is None or _fields(old) != _fields(new):
        updates.append(Update("metadata", receipt_id, position, fields=_fields(new)))
    if new.labels != (old.labels if old else ()):
        updates.append(Update("labels", receipt_id, position, labels=new.labels))
    return updates


def receipt_of(item: dict[str, Any]) -> Receipt:
    """Return the receipt that an item of the table (or its image in the stream) describes, without positions."""
    plain = {name: _types.deserialize(value) for name, value in item.items()}
    labels = {Label(_text(entry["word_id"]), _text(entry["label"])) for entry in plain.get("labels") or []}
    fields = {name: _text(plain.get(name)) for name in FIELDS}
    return Receipt(_text(plain["receipt_id"]), labels=tuple(sorted(labels)), **fields)


def _fields(receipt: Receipt) -> dict[str, str]:
    return {name: getattr(receipt, name) for name in FIELDS}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
