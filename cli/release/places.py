"""Where artifacts lie: zips in the artifact bucket, images in a registry; and whether they are what they should be."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from apps import catalogue, registry
from cli.release.errors import ReleaseError
from core.aws import client
from stacks.artifacts import Pinned

SIDE_BY_SIDE = 8
DENIED = ("AccessDenied", "403")
PART = 1 << 20
"""Bytes of a zip that are read at a time."""
ABSENT = ("404", "NoSuchKey", "NotFound")
NO_BUCKET = ("NoSuchBucket",)
TAKEN = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")
"""What a conditional write is answered with where the key is there, or another writes it at this moment."""
SKEWED = ("RequestTimeTooSkewed", "RequestExpired")
LARGEST_SKEW = 300.0
"""Seconds between this machine's clock and the account's above which no date is believed."""


class Standing(StrEnum):
    """What is in an artifact's place."""

    THERE = "there"
    MISSING = "missing"
    BUILT = "built, and not published yet"
    OTHER = "something else"
    BY_FILES = "known by its files alone"
    """An image of the time before registries: the local cluster's catalogue has it, no registry can."""


@dataclass(frozen=True)
class Bucket:
    """The artifact bucket."""

    name: str
    region: str
    s3: Any

    def standing(self, item: Pinned) -> Standing:
        """Whether a zip lies under its key, by its content's hash. Raises ``ReleaseError`` where nobody can tell."""
        try:
            head = self.s3.head_object(Bucket=self.name, Key=item.place, ChecksumMode="ENABLED")
        except _errors() as error:
            if _code(error) in ABSENT:
                return Standing.MISSING
            raise self._said(error) from None
        # S3 worked this out itself when the zip was uploaded; of a zip without it the content is read.
        told = head.get("ChecksumSHA256") if head.get("ChecksumType") != "COMPOSITE" else None
        sha256 = base64.b64decode(told).hex() if told else sha256_of(self.s3, self.name, item.place)
        return Standing.THERE if sha256 == item.sha256 else Standing.OTHER

    def put(self, item: Pinned, path: Path) -> bool:
        """Upload a zip unless its key is taken: whether it was. One write, checked by S3: it is whole or isn't there.

        Raises ``ReleaseError`` where the file isn't what the key says, where another's object lies under the key, and
        where the bucket doesn't take it.
        """
        content = path.read_bytes()
        digest = hashlib.sha256(content)
        if digest.hexdigest() != item.sha256:
            raise ReleaseError(
                f"{path.name} has the SHA-256 {digest.hexdigest()}, and {item.place} has to have {item.sha256}: the "
                "file was cut off or changed after it was built; delete build/release, run `rollback release build`, "
                "then publish again"
            )
        checksum = base64.b64encode(digest.digest()).decode()
        try:
            self.s3.put_object(
                Bucket=self.name,
                Key=item.place,
                Body=content,
                ContentType="application/zip",
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
            )
        except _errors() as error:
            if _code(error) not in TAKEN:
                raise self._said(error) from None
            if self.standing(item) is Standing.THERE:
                return False
            raise ReleaseError(
                f"bucket {self.name} holds something else under {item.place}, and its name ends in the SHA-256 of what "
                "should be there: nothing was overwritten. Find out who wrote it and delete it, then publish again"
            ) from None
        return True

    def skew(self) -> float:
        """Seconds that this machine's clock is ahead of the account's; negative where it is behind."""
        try:
            answer = self.s3.head_bucket(Bucket=self.name)
        except _errors() as error:
            raise self._said(error) from None
        told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return (datetime.now(UTC) - parsedate_to_datetime(told)).total_seconds() if told else 0.0

    def delete(self, key: str) -> None:
        """Delete a zip; in a versioned bucket its versions stay until a lifecycle rule takes them."""
        try:
            self.s3.delete_object(Bucket=self.name, Key=key)
        except _errors() as error:
            raise self._said(error) from None

    def keys(self) -> list[str]:
        """The key of everything in the bucket."""
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
            return [found["Key"] for page in pages for found in page.get("Contents", [])]
        except _errors() as error:
            raise self._said(error) from None

    def missing(self, items: Iterable[Pinned]) -> set[Pinned] | None:
        """Which artifacts aren't there, by their names alone; None where bucket or registry can't be asked."""
        from botocore.exceptions import BotoCoreError

        each = list(dict.fromkeys(items))
        try:
            keys, alone = set(self.keys()), by_files()
            found = {item for item in each if item.kind != "images" and item.place not in keys}
            pictures = [item for item in each if item.kind == "images" and item.sha256 not in alone]
            return found | {item for item in pictures if not registry.present(item.place)}
        except (BotoCoreError, ReleaseError, registry.RegistryError):
            return None

    def _said(self, error: Any) -> ReleaseError:
        code = _code(error)
        if code in NO_BUCKET or (code == "404" and error.operation_name == "HeadBucket"):
            return ReleaseError(
                f"there is no bucket {self.name} in {self.region}: make it, private and versioned, or name another: "
                "`pulumi config set rollback-stack:artifactBucket NAME -s STACK`"
            )
        if code in DENIED:
            return ReleaseError(
                f"bucket {self.name} in {self.region} is another account's, or the credentials lack the right to it: "
                f"{error}. `rollback preflight -s STACK` tells which"
            )
        if code in SKEWED:
            return ReleaseError(f"the account refuses the time of this machine: set its clock right ({error})")
        return ReleaseError(f"bucket {self.name} in {self.region}: {error}")


def bucket(name: str, region: str) -> Bucket:
    """The bucket of this name, asked with the credentials that are there, whose account has to own it.

    Names of buckets are worldwide: another's bucket of this name would get the code, or give it.
    """
    return Bucket(name, region, client("s3", region))


def sha256_of(s3: Any, bucket: str, key: str) -> str:
    """The SHA-256 of an object's content, hexadecimal, read part by part. Raises ``ClientError``."""
    digest = hashlib.sha256()
    for part in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(PART):
        digest.update(part)
    return digest.hexdigest()


def by_files() -> frozenset[str]:
    """The digests (hexadecimal) of images that are known by their files alone."""
    return frozenset(each.digest.removeprefix("sha256:") for each in catalogue.images() if not each.is_whole)


def standings(items: Iterable[Pinned], at: Bucket, alone: frozenset[str] = frozenset()) -> dict[Pinned, Standing]:
    """What is in the place of each artifact.

    alone: the digests of images that are known by their files alone. Raises ``ReleaseError`` where the
    bucket or a registry doesn't answer.
    """
    each = list(dict.fromkeys(items))
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        found = pool.map(lambda item: _standing(item, at, alone), each)
        return dict(zip(each, found, strict=True))


def _standing(item: Pinned, at: Bucket, alone: frozenset[str]) -> Standing:
    if item.kind != "images":
        return at.standing(item)
    if item.sha256 in alone:
        return Standing.BY_FILES
    return Standing.THERE if registry.present(item.place) else Standing.MISSING


def tag(item: Pinned) -> str:
    """The tag under which an image is pushed: with its digest in it, so that no other content can take it."""
    return f"{item.version}-{item.sha256[:12]}"


def _errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import ClientError

    return (ClientError,)


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code"))
