"""Labels by word."""

from __future__ import annotations

from typing import Any


def from_mapping(update: dict[str, Any]) -> dict[str, Any]:
    """Return a label update that maps words to labels in the form in which labels are kept."""
    labels = [{"word_id": word_id, "label": label} for word_id, label in update["labels"].items()]
    return {**update, "labels": labels}
