"""The manifest of a bucket's copies: one line a version or delete marker, in the order in which they are restored.

Keys ascending, a key's newest version first. A line tells what the version was (content, headers, tags), and which
object in the recovery bucket is its copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from core.aws import client
from core.errors import DamagedError, ServiceError, translate_errors
from guard.recovery import safety
from guard.recovery.digest import Digest
from guard.recovery.maker import same
from guard.recovery.makers import json_lines
from guard.recovery.points import RecoveryPoint

MANIFEST = "manifest.ndjson"
HEADERS = (
    "Metadata",
    "ContentType",
    "ContentEncoding",
    "ContentLanguage",
    "ContentDisposition",
    "CacheControl",
    "WebsiteRedirectLocation",
)
"""What of an object's headers is its own, and comes back."""
LOCKS = ("ObjectLockMode", "ObjectLockLegalHoldStatus")
_COMPARED = ("key", "rank", "isLatest", "deleteMarker", "size", "sha256", "headers", "tags")
_ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
Entry = dict[str, Any]


def described(history: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """The manifest's entries, without what only reading tells: SHA-256, headers, tags and copy.

    Rank counts versions and delete markers apart: S3 lists each in order, and tells apart seconds only between the two.
    """
    number = 0
    for _, entries in groupby(history, key=lambda entry: entry["Key"]):
        ranks = {True: 0, False: 0}
        for entry in entries:
            number += 1
            marker = "ETag" not in entry
            yield {
                "key": entry["Key"],
                "rank": ranks[marker],
                "versionId": entry["VersionId"],
                "isLatest": entry["IsLatest"],
                "deleteMarker": marker,
                "etag": entry.get("ETag"),
                "size": entry.get("Size", 0),
                "sha256": None,
                "headers": {},
                "tags": {},
                "storageClass": entry.get("StorageClass") or "STANDARD",
                "copy": f"{number:010}",
            }
            ranks[marker] += 1


def add(digest: Digest, entry: Entry) -> None:
    """What counts is content, headers, tags and order; ids and dates of versions are a bucket's own."""
    compared = {name: entry[name] for name in _COMPARED}
    digest.add_hash(hashlib.sha256(json_lines.line(compared)).digest(), entry["size"])


def headers_of(answer: dict[str, Any]) -> dict[str, Any]:
    """The headers of an object that are its own, from GetObject or HeadObject."""
    found = {name: answer[name] for name in HEADERS if answer.get(name)}
    if answer.get("ExpiresString"):
        found["Expires"] = answer["ExpiresString"]
    return found


def tags_of(s3: Any, bucket: str, key: str, version: str | None, answer: dict[str, Any]) -> dict[str, str]:
    """The tags of an object version; asked for only where its headers say that there are some."""
    if not answer.get("TagCount"):
        return {}
    which = {"VersionId": version} if version else {}
    found = s3.get_object_tagging(Bucket=bucket, Key=key, **which)["TagSet"]
    return {each["Key"]: each["Value"] for each in found}


@dataclass(frozen=True)
class Held:
    """One bucket's copies in the recovery bucket."""

    s3: Any
    point: RecoveryPoint
    bucket: str
    folder: str

    @classmethod
    def of(cls, point: RecoveryPoint) -> Held:
        """The copies that a record tells of."""
        return cls(client("s3", point.store.region), point, *json_lines.place(point.where))

    def entries(self) -> Iterator[Entry]:
        """The manifest's lines; raises ``DamagedError`` (at the latest after the last) where it was changed."""
        digest = Digest()
        with translate_errors(f"manifest of {self.point.id}", DamagedError):
            for entry in json_lines.lines(self.s3, self.bucket, self.folder + MANIFEST):
                add(digest, {"headers": {}, "tags": {}, **entry})
                yield entry
        if differs := self.point.differs(digest.content()):
            raise DamagedError(f"manifest of {self.point.id} in {self.point.where}: {differs}")

    def check(self) -> None:
        """See ``Maker.check``: the manifest is read whole, the copies are listed, tags are asked for."""
        where = f"copies of {self.point.store} in {self.point.where}"
        with translate_errors(where, DamagedError):
            same(self.point, json_lines.fingerprint(self.s3, self.bucket, self.folder + MANIFEST))
            with translate_errors(where):
                safety.refuse_expiring(self.s3, self.bucket, self.folder, self.point.made_at, datetime.now(UTC))
            there = self._listed()
            for entry in self.entries():
                if not entry["deleteMarker"]:
                    self._compare(entry, there)

    def name(self, entry: Entry) -> str:
        """A copy in words."""
        return f"copy {entry['copy']} of {entry['key']} in {self.point.where}"

    def compare_tags(self, entry: Entry, tagged: dict[str, Any]) -> None:
        """Raise ``DamagedError`` where a copy has other tags than the version had."""
        found = tags_of(self.s3, self.bucket, self.folder + entry["copy"], entry["copyVersion"], tagged)
        if found != entry["tags"]:
            raise DamagedError(f"{self.name(entry)} has other tags than were copied")

    def _compare(self, entry: Entry, there: Iterator[dict[str, Any]]) -> None:
        """Find a manifest's entry among the listed copies; both are in the same order."""
        key = self.folder + entry["copy"]
        found = next((each for each in there if each["Key"] >= key), None)
        if found is None or found["Key"] != key:
            raise DamagedError(f"{self.name(entry)} is gone")
        held = (found["ETag"], found["Size"], found["VersionId"])
        if held != (entry["copyEtag"], entry["size"], entry["copyVersion"]):
            raise DamagedError(f"{self.name(entry)} was overwritten")
        if found.get("StorageClass") in _ARCHIVED:
            raise ServiceError(f"{self.name(entry)} is archived ({found['StorageClass']}): aws s3api restore-object")
        if entry["tags"]:
            self.compare_tags(entry, {"TagCount": 1})

    def _listed(self) -> Iterator[dict[str, Any]]:
        """The copies that are there now: newest versions, by name."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=self.folder)
        for page in pages:
            yield from (each for each in page.get("Versions", ()) if each["IsLatest"])
