"""Objects in the recovery bucket: written from and read as lines of JSON, in the memory of one line."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

SPOOL = 8 << 20
"""Bytes that are kept in memory before a temporary file takes over."""


def uri(bucket: str, key: str) -> str:
    """Where an object or a folder of objects lies."""
    return f"s3://{bucket}/{key}"


def place(where: str) -> tuple[str, str]:
    """Bucket and key of an ``s3://`` URI."""
    bucket, _, key = where.removeprefix("s3://").partition("/")
    return bucket, key


def line(record: Mapping[str, Any]) -> bytes:
    """One record as one line, the same bytes whatever the order of its keys."""
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """A file for lines that are still being collected."""
    with tempfile.SpooledTemporaryFile(SPOOL) as file:
        yield file


def upload(s3: Any, file: IO[bytes], bucket: str, key: str) -> None:
    """Write a collected file as one object."""
    file.seek(0)
    s3.upload_fileobj(file, bucket, key)


def lines(s3: Any, bucket: str, key: str, *, zipped: bool = False) -> Iterator[dict[str, Any]]:
    """The records of an object. Raises ``ValueError``, ``EOFError`` and the like where it isn't what was written."""
    with spooled() as file:
        s3.download_fileobj(bucket, key, file)
        file.seek(0)
        content: Iterable[bytes] = gzip.GzipFile(fileobj=file, mode="rb") if zipped else file
        for text in content:
            record = json.loads(text.decode())
            if not isinstance(record, dict):
                raise ValueError(f"{uri(bucket, key)} holds a line that is no record")
            yield record
