"""What the store has to remember beside its receipts, because changes come in any order and more than once.

A removal is kept, so that an older change which arrives late doesn't bring the receipt back. Labels that arrive before
their receipt wait for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from receipt_chroma.receipt import Label, labels_json, labels_of

# A message can't be older: SQS keeps none for more than 14 days (SetQueueAttributes, MessageRetentionPeriod).
KEPT_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True)
class Waiting:
    """Labels without a receipt, and their position in the table's stream."""

    labels: tuple[Label, ...]
    position: str


@dataclass
class Ledger:
    """Removals by receipt (receipt_id -> position in the table's stream) and labels that wait."""

    removed: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)

    def trim(self) -> None:
        """Forget what is KEPT_SECONDS older than the newest entry."""
        positions = [*self.removed.values(), *(entry.position for entry in self.waiting.values())]
        oldest = max(map(_seconds, positions), default=0.0) - KEPT_SECONDS
        self.removed = {name: position for name, position in self.removed.items() if _seconds(position) >= oldest}
        self.waiting = {name: entry for name, entry in self.waiting.items() if _seconds(entry.position) >= oldest}

    def write(self, path: Path) -> None:
        """Write it to a file."""
        waiting = {
            name: {"labels": labels_json(entry.labels), "position": entry.position}
            for name, entry in self.waiting.items()
        }
        path.write_text(json.dumps({"removed": self.removed, "waiting": waiting}, sort_keys=True), encoding="utf-8")


def read(path: Path) -> Ledger:
    """Return what was written, an empty ledger where there is no file."""
    if not path.exists():
        return Ledger()
    stored = json.loads(path.read_text(encoding="utf-8"))
    waiting = {
        name: Waiting(labels_of(entry["labels"]), entry["position"]) for name, entry in stored["waiting"].items()
    }
    return Ledger(dict(stored["removed"]), waiting)


def _seconds(position: str) -> float:
    return float(position.partition("-")[0])
