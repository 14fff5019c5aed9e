"""The package's compaction code, with this function's settings."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from compaction import aws, settings
from compaction.actions import Code
from receipt_chroma import compaction as package
from receipt_chroma import stream
from receipt_chroma.snapshots import Pointer


def updates_of(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the updates that a stream record calls for."""
    return [update.message() for update in stream.updates_of(record)]


def write_metadata(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's fields, or its removal."""
    package.update_receipt_metadata(aws.client("s3"), settings.bucket(), update)


def write_labels(update: dict[str, Any]) -> None:
    """Keep a change of a receipt's labels."""
    package.update_word_labels(aws.client("s3"), settings.bucket(), update)


def code() -> Code:
    """Return the code of the compaction function's actions."""
    return Code("package", _compact, _repair, _waiting)


def _compact() -> tuple[Counter[str], Pointer | None]:
    return package.compact(aws.client("s3"), settings.bucket(), settings.data_format())


def _repair() -> tuple[int, Pointer | None]:
    table = os.environ["RECEIPTS_TABLE"]
    return package.repair(aws.client("s3"), settings.bucket(), settings.data_format(), aws.client("dynamodb"), table)


def _waiting() -> int:
    return package.count_waiting(aws.client("s3"), settings.bucket())
