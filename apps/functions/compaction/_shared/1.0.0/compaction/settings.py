"""What the stack tells the functions."""

from __future__ import annotations

import os

from compaction import aws
from receipt_chroma.formats import check_writes
from receipt_chroma.snapshots import Snapshots


def bucket() -> str:
    """Return the bucket with the snapshots and the deltas."""
    return os.environ["CHROMA_BUCKET"]


def snapshots() -> Snapshots:
    """Return the bucket's snapshots."""
    return Snapshots(aws.client("s3"), bucket())


def data_format() -> int:
    """Return the data format to write.

    Raises:
        receipt_chroma.formats.FormatError: the package can't write it.
    """
    wanted = int(os.environ.get("DATA_FORMAT") or "1")
    check_writes(wanted)
    return wanted
