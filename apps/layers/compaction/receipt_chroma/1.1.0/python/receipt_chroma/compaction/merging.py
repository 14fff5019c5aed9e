"""Updates into the store: of each receipt's fields, its labels and its removal, the newest counts.

Any order and any repetition of the same updates give the same store (Shapiro et al., "Conflict-free Replicated Data
Types", 2011: last-writer-wins registers).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from receipt_chroma.ledger import Ledger, Waiting
from receipt_chroma.receipt import Label, Receipt
from receipt_chroma.store import Store
from receipt_chroma.stream import FIELDS, Update


@dataclass
class _Registers:
    """What is known of one receipt; a position of "" means nothing yet."""

    fields: dict[str, str] = field(default_factory=dict)
    fields_position: str | None = None
    labels: tuple[Label, ...] = ()
    labels_position: str = ""
    removed: str = ""

    def take(self, update: Update) -> bool:
        """Take an update in, unless it is outdated."""
        if update.position <= self.removed:
            return False
        if update.kind == "metadata":
            if self.fields_position is not None and update.position <= self.fields_position:
                return False
            self.fields, self.fields_position = update.fields, update.position
        elif update.kind == "labels":
            if update.position <= self.labels_position:
                return False
            self.labels, self.labels_position = update.labels, update.position
        else:
            self.removed = update.position
            if self.fields_position is not None and self.fields_position < update.position:
                self.fields, self.fields_position = {}, None
            if self.labels_position < update.position:
                self.labels, self.labels_position = (), ""
        return True


def merge(store: Store, updates: Iterable[Update]) -> Counter[str]:
    """Write updates into the store; returns how many of each kind changed it."""
    of_receipt: dict[str, list[Update]] = defaultdict(list)
    for update in updates:
        of_receipt[update.receipt_id].append(update)
    known = store.get(sorted(of_receipt))
    counts: Counter[str] = Counter()
    settled = []
    for receipt_id, own in sorted(of_receipt.items()):
        registers = _registers(known.get(receipt_id), store.ledger, receipt_id)
        counts.update(update.kind for update in own if registers.take(update))
        receipt = _settle(receipt_id, registers, store.ledger)
        if receipt is not None:
            settled.append(receipt)
    there = {receipt.receipt_id for receipt in settled}
    store.remove(sorted(set(known) - there))
    store.put([receipt for receipt in settled if known.get(receipt.receipt_id) != receipt])
    return counts


def _registers(known: Receipt | None, ledger: Ledger, receipt_id: str) -> _Registers:
    removed = ledger.removed.get(receipt_id, "")
    if known is not None:
        fields = {name: getattr(known, name) for name in FIELDS}
        return _Registers(fields, known.fields_position, known.labels, known.labels_position, removed)
    waiting = ledger.waiting.get(receipt_id)
    return _Registers(
        labels=waiting.labels if waiting else (), labels_position=waiting.position if waiting else "", removed=removed
    )


def _settle(receipt_id: str, registers: _Registers, ledger: Ledger) -> Receipt | None:
    """Bring the ledger up to date; returns the receipt, None where there is none (or only labels that wait for it)."""
    if registers.removed:
        ledger.removed[receipt_id] = registers.removed
    ledger.waiting.pop(receipt_id, None)
    if registers.fields_position is None:
        if registers.labels_position:
            ledger.waiting[receipt_id] = Waiting(registers.labels, registers.labels_position)
        return None
    return Receipt(
        receipt_id,
        labels=registers.labels,
        fields_position=registers.fields_position,
        labels_position=registers.labels_position,
        **registers.fields,
    )
