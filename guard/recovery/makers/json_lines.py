"""Objects in the recovery bucket: written from and read as lines of JSON, in the memory of one line."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from core.errors import DamagedError, translate_errors
from guard.recovery import safety
from guard.recovery.digest import Content
from guard.recovery.maker import same
from guard.recovery.points import RecoveryPoint

ITEMS, CHECKSUM = "items", "checksum"
"""Metadata of an object in the recovery bucket: what was counted when it was written."""
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


def upload(s3: Any, file: IO[bytes], bucket: str, key: str, content: Content) -> dict[str, str]:
    """Write a collected file as one object that says what is in it; the object's fingerprint."""
    file.seek(0)
    told_of = {ITEMS: str(content.items), CHECKSUM: content.checksum}
    s3.upload_fileobj(file, bucket, key, ExtraArgs={"Metadata": told_of})
    return fingerprint(s3, bucket, key)


def fingerprint(s3: Any, bucket: str, key: str) -> dict[str, str]:
    """What S3 says of an object: version, ETag and size, and what was written into its metadata."""
    head = s3.head_object(Bucket=bucket, Key=key)
    return {
        "version": str(head.get("VersionId")),
        "etag": head["ETag"],
        "size": str(head["ContentLength"]),
        **{name: head["Metadata"].get(name, "") for name in (ITEMS, CHECKSUM)},
    }


def check(s3: Any, point: RecoveryPoint) -> None:
    """See ``Maker.check``, for a copy that is one object: its metadata tells what was counted when it was written."""
    bucket, key = place(point.where)
    what = f"copy {point.where} of {point.store}"
    with translate_errors(what, DamagedError):
        found = fingerprint(s3, bucket, key)
    same(point, found)
    if (found[ITEMS], found[CHECKSUM]) != (str(point.items), point.checksum):
        raise DamagedError(f"{what} holds {found[ITEMS] or 'other'} items: it isn't what its record tells of")
    with translate_errors(what):
        safety.refuse_expiring(s3, bucket, key, point.made_at, datetime.now(UTC))


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
