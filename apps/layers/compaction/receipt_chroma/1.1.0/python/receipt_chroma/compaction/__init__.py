"""Changes of receipts on their way into the Chroma store."""

from receipt_chroma.compaction.compactor import compact
from receipt_chroma.compaction.deltas import count_waiting, update_receipt_metadata, update_word_labels
from receipt_chroma.compaction.repair import repair

__all__ = ["compact", "count_waiting", "repair", "update_receipt_metadata", "update_word_labels"]
