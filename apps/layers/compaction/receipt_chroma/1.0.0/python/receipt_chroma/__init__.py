"""Receipts in a Chroma store that lives as snapshots in a bucket."""

__version__ = "1.0.0"
