"""A receipt as the store holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Label(NamedTuple):
    """What one word of a receipt means."""

    word_id: str
    label: str


@dataclass(frozen=True)
class Receipt:
    """A receipt, and how far the table's changes are in it.

    Args:
        total: the amount as the table has it, in whole currency units with decimals ("12.5").
        fields_position: position in the table's stream of the change that merchant, total, date and text come from.
        labels_position: the same for the labels; positions compare as text, and "" comes before all others.
    """

    receipt_id: str
    merchant: str = ""
    total: str = ""
    date: str = ""
    text: str = ""
    labels: tuple[Label, ...] = ()
    fields_position: str = ""
    labels_position: str = ""


def labels_of(given: Any) -> tuple[Label, ...]:
    """Return labels from their JSON form, a list of {"word_id", "label"}, each once and in order.

    Raises:
        TypeError, KeyError: it has another form.
    """
    if not isinstance(given, list):
        raise TypeError(f"labels come as a list of word_id and label, not as {type(given).__name__}")
    return tuple(sorted({Label(str(item["word_id"]), str(item["label"])) for item in given}))


def labels_json(labels: tuple[Label, ...]) -> list[dict[str, str]]:
    """Return the JSON form of labels."""
    return [label._asdict() for label in labels]
