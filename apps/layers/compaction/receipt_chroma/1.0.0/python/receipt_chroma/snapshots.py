"""Snapshots of the store in a bucket, and the pointer that says which of them counts.

`snapshots/latest.json` moves in one conditional write (Amazon S3, "How to prevent object overwrites with conditional
writes"): of two compactions that started from the same snapshot only one can win, and a crash before changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from receipt_chroma import __version__
from receipt_chroma.formats import check_reads

POINTER = "snapshots/latest.json"
FOLDER = "snapshots/"
KEPT = 20
"""Snapshots that stay; older ones live on as versions of the bucket."""

_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_MISSING = {"NoSuchKey", "404"}


class OvertakenError(Exception):
    """Another compaction moved the pointer first."""


class DamagedError(Exception):
    """A snapshot's bytes are not those that were written."""


@dataclass(frozen=True)
class Pointer:
    """The newest snapshot: where it lies, its data format, how many receipts it has, and the checksum of its bytes."""

    key: str
    format: int
    items: int
    sha256: str
    number: int
    written_at: str
    package: str


class Snapshots:
    """The snapshots in a bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._etag: str | None = None

    def newest(self) -> Pointer | None:
        """Return the pointer, None before the first snapshot. What is published next must follow on this one."""
        self._etag = None
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=POINTER)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        self._etag = answer["ETag"]
        return Pointer(**json.loads(answer["Body"].read()))

    def unpack(self, pointer: Pointer, folder: Path) -> None:
        """Lay a snapshot's files out in the folder.

        Raises:
            FormatError: this version can't read its format.
            DamagedError: its checksum is not the pointer's.
        """
        check_reads(pointer.format, f"the snapshot {pointer.key}")
        content = self._s3.get_object(Bucket=self._bucket, Key=pointer.key)["Body"].read()
        if hashlib.sha256(content).hexdigest() != pointer.sha256:
            raise DamagedError(f"the snapshot {pointer.key} is damaged: restore an earlier version of {POINTER}")
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            archive.extractall(folder, filter="data")

    def publish(self, folder: Path, data_format: int, items: int, number: int) -> Pointer:
        """Store the folder's files as a snapshot and point at it.

        Raises:
            OvertakenError: the pointer is no longer what `newest` returned; nothing has changed.
        """
        content = _packed(folder)
        pointer = Pointer(
            key=f"{FOLDER}{number:08d}-{uuid.uuid4().hex}.tar.gz",
            format=data_format,
            items=items,
            sha256=hashlib.sha256(content).hexdigest(),
            number=number,
            written_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            package=__version__,
        )
        self._s3.put_object(Bucket=self._bucket, Key=pointer.key, Body=content, ContentType="application/gzip")
        condition = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        body = json.dumps(asdict(pointer)).encode()
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=POINTER, Body=body, ContentType="application/json", **condition
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
                raise
            self._s3.delete_object(Bucket=self._bucket, Key=pointer.key)
            raise OvertakenError(f"another compaction was faster than snapshot {number}") from error
        return pointer

    def trim(self, newest: Pointer) -> None:
        """Delete all but the KEPT latest snapshots up to the newest one."""
        keys = sorted(key for key in self._keys() if key != POINTER and key <= newest.key)
        for key in keys[:-KEPT]:
            self._s3.delete_object(Bucket=self._bucket, Key=key)

    def _keys(self) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=FOLDER)
        return (str(found["Key"]) for page in pages for found in page.get("Contents", []))


def _packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, path.relative_to(folder).as_posix(), recursive=False)
    return buffer.getvalue()
