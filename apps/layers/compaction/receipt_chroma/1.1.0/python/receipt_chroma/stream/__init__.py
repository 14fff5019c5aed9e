"""The receipts table's stream, sorted into updates of metadata and of labels."""

from receipt_chroma.stream.updates import FIELDS, Update, receipt_of, updates_of

__all__ = ["FIELDS", "Update", "receipt_of", "updates_of"]
