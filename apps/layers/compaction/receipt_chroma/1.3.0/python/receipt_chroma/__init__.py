"""Receipts in a Chroma store that lives as snapshots in a bucket: the store, and the compaction of changes into it."""

__version__ = "1.3.0"
