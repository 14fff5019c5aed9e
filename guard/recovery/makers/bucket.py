"""S3 buckets: every object version copied server-side into the recovery bucket, with a manifest of what they are.

An item is an object version or a delete marker. The manifest has a line for each, in the order in which S3 lists them:
keys ascending, a key's newest version first. S3 API reference: ListObjectVersions, CopyObject, UploadPartCopy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from guard.recovery.clients import client
from guard.recovery.digest import Content, Digest
from guard.recovery.errors import DamagedError, RecoveryError, absent, told
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.makers import objects, versions
from guard.recovery.points import RecoveryPoint, Store

WORKERS = 8
CHUNK = 1 << 20
"""Bytes of an object that are read at a time."""
ONE_COPY = 5 << 30
"""Bytes of the largest object that CopyObject takes; larger ones are copied in parts, with their headers given anew."""
HEADERS = ("Metadata", "ContentType", "ContentEncoding", "ContentLanguage", "ContentDisposition", "CacheControl")
MANIFEST = "manifest.ndjson"
Entry = dict[str, Any]


class Buckets:
    """See the module."""

    def count(self, store: Store) -> int:
        """Object versions and delete markers."""
        with told(str(store)):
            return versions.count(client("s3", store.region), store.name)

    def measure(self, store: Store, progress: Progress) -> Content:
        """See ``Maker``."""
        s3, digest = client("s3", store.region), Digest()

        def read(entry: Entry) -> Entry:
            return entry if entry["deleteMarker"] else {**entry, "sha256": _sha256(_get(s3, store.name, entry))[0]}

        with told(str(store)):
            for entry in _each(read, _described(versions.history(s3, store.name))):
                _add(digest, entry)
                progress("reading versions", digest.items, None)
        return digest.content()

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. Versions never change, so what is copied is what was listed."""
        source, s3 = client("s3", order.store.region), client("s3", order.region)
        folder = f"buckets/{order.store.name}/{order.id}/"
        digest = Digest()

        def copy(entry: Entry) -> Entry:
            return _copied(source, s3, order, folder, entry)

        with told(str(order.store)), objects.spooled() as manifest:
            for entry in _each(copy, _described(versions.history(source, order.store.name))):
                manifest.write(objects.line({name: value for name, value in entry.items() if name != "etag"}))
                _add(digest, entry)
                order.progress("copying versions", digest.items, None)
            objects.upload(s3, manifest, order.bucket, folder + MANIFEST)
        order.progress("copying versions", digest.items, digest.items)
        return Copy(objects.uri(order.bucket, folder), digest.content())

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``. Every copy is read and compared with the SHA-256 that the source had."""
        held = _Held.of(point)

        def read(entry: Entry) -> Entry:
            if not entry["deleteMarker"]:
                where = f"copy {entry['copy']} of {entry['key']} in {point.where}"
                with told(where, DamagedError):
                    body = held.s3.get_object(Bucket=held.bucket, Key=held.folder + entry["copy"])["Body"]
                    found = _sha256(body)
                if found != (entry["sha256"], entry["size"]):
                    raise DamagedError(f"{where} isn't what was copied")
            return entry

        done = 0
        for _ in _each(read, held.manifest()):
            done += 1
            progress("reading copies", done, point.items)
        return f"every copy read and compared: {done} versions and delete markers"

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. Versions are written oldest first; ids and dates are new, contents and order aren't."""
        held = _Held.of(point)
        s3 = client("s3", point.store.region)
        with told(f"bucket {target}"):
            _prepare(s3, point, target)
            done = 0
            for key, entries in groupby(held.manifest(), key=lambda entry: str(entry["key"])):
                for entry in reversed(list(entries)):
                    if entry["deleteMarker"]:
                        s3.delete_object(Bucket=target, Key=key)
                    else:
                        copy = {"Bucket": held.bucket, "Key": held.folder + entry["copy"]}
                        _Origin(held.s3, copy, entry["size"]).to(s3, target, key)
                    done += 1
                    progress("writing versions", done, point.items)
        found = self.measure(point.store.model_copy(update={"name": target}), progress)
        if differs := point.content.difference(found):
            raise DamagedError(f"bucket {target} restored from {point.id}: {differs}")
        return done


@dataclass(frozen=True)
class _Held:
    """One bucket's copies in the recovery bucket."""

    s3: Any
    point: RecoveryPoint
    bucket: str
    folder: str

    @classmethod
    def of(cls, point: RecoveryPoint) -> _Held:
        return cls(client("s3", point.store.region), point, *objects.place(point.where))

    def manifest(self) -> Iterator[Entry]:
        """The manifest's lines; raises ``DamagedError`` (at the latest after the last) where it was changed."""
        digest = Digest()
        with told(f"manifest of {self.point.id}", DamagedError):
            for entry in objects.lines(self.s3, self.bucket, self.folder + MANIFEST):
                _add(digest, entry)
                yield entry
        if differs := self.point.content.difference(digest.content()):
            raise DamagedError(f"manifest of {self.point.id} in {self.point.where}: {differs}")


def _described(history: Iterable[dict[str, Any]]) -> Iterator[Entry]:
    """The manifest's entries, without what only reading tells: SHA-256 and copy."""
    number = 0
    for _, entries in groupby(history, key=lambda entry: entry["Key"]):
        for rank, entry in enumerate(entries):
            number += 1
            yield {
                "key": entry["Key"],
                "rank": rank,
                "versionId": entry["VersionId"],
                "isLatest": entry["IsLatest"],
                "deleteMarker": "ETag" not in entry,
                "etag": entry.get("ETag"),
                "size": entry.get("Size", 0),
                "sha256": None,
                "copy": f"{number:010}",
            }


def _add(digest: Digest, entry: Entry) -> None:
    """What counts is content and order; ids and dates of versions are a bucket's own."""
    told_by = {name: entry[name] for name in ("key", "rank", "isLatest", "deleteMarker", "size", "sha256")}
    digest.add_hash(hashlib.sha256(objects.line(told_by)).digest(), entry["size"])


def _copied(source: Any, s3: Any, order: Order, folder: str, entry: Entry) -> Entry:
    if entry["deleteMarker"]:
        return entry
    sha256, size = _sha256(_get(source, order.store.name, entry))
    if size != entry["size"]:
        raise RecoveryError(f"{order.store}: {entry['key']} changed while it was read")
    version = {"Bucket": order.store.name, "Key": entry["key"], "VersionId": entry["versionId"]}
    _Origin(source, version, size, entry["etag"]).to(s3, order.bucket, folder + entry["copy"])
    return {**entry, "sha256": sha256}


def _get(s3: Any, bucket: str, entry: Entry) -> Any:
    """A version's content, refused where it was overwritten since it was listed (in a bucket without versioning)."""
    found = s3.get_object(Bucket=bucket, Key=entry["key"], VersionId=entry["versionId"], IfMatch=entry["etag"])
    return found["Body"]


def _sha256(body: Any) -> tuple[str, int]:
    """SHA-256 and size of a stream."""
    found, size = hashlib.sha256(), 0
    for chunk in body.iter_chunks(CHUNK):
        found.update(chunk)
        size += len(chunk)
    return found.hexdigest(), size


@dataclass(frozen=True)
class _Origin:
    """A version to be copied, refused where it was overwritten in between."""

    s3: Any
    source: dict[str, str]
    """Bucket, Key, and VersionId where it isn't the newest."""
    size: int
    etag: str | None = None

    def to(self, s3: Any, bucket: str, key: str) -> None:
        """Copy it without its bytes passing through here, with its headers and tags (of a very large one, no tags)."""
        exact = {"CopySourceIfMatch": self.etag} if self.etag else {}
        if self.size <= ONE_COPY:
            s3.copy_object(Bucket=bucket, Key=key, CopySource=self.source, **exact)
            return
        head = self.s3.head_object(**self.source)
        headers = {name: head[name] for name in HEADERS if head.get(name)}
        s3.copy(self.source, bucket, key, ExtraArgs={**exact, **headers}, SourceClient=self.s3)


def _each(work: Callable[[Entry], Entry], entries: Iterable[Entry]) -> Iterator[Entry]:
    """Work on entries side by side, in order, a few hundred at a time."""
    source = iter(entries)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="recovery") as pool:
        while batch := list(islice(source, WORKERS * 32)):
            yield from pool.map(work, batch)


def _prepare(s3: Any, point: RecoveryPoint, target: str) -> None:
    """Make the target bucket where it is missing; refuse one that holds anything or forgets versions."""
    try:
        s3.head_bucket(Bucket=target)
    except Exception as error:
        if not absent(error):
            raise
        _make(s3, point.store.region, target)
    if items := versions.count(s3, target):
        raise RecoveryError(f"bucket {target} holds {items} versions: restore {point.id} to another name")
    if s3.get_bucket_versioning(Bucket=target).get("Status") != "Enabled":
        raise RecoveryError(f"bucket {target} keeps no versions: enable versioning, or restore to another name")


def _make(s3: Any, region: str, target: str) -> None:
    """A new bucket, private and versioned."""
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=target, **place)
    words = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=target, PublicAccessBlockConfiguration=dict.fromkeys(words, True))
    s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
