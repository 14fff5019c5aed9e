"""S3 buckets: every object version copied server-side into the recovery bucket, with a manifest of what they are.

An item is an object version or a delete marker. The manifest has a line for each, in the order in which S3 lists them:
keys ascending, a key's newest version first. S3 API reference: ListObjectVersions, CopyObject, UploadPartCopy.
"""

from __future__ import annotations

import contextvars
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from typing import Any
from urllib.parse import urlencode

from core.aws import client
from core.errors import DamagedError, ServiceError, absent, code, translate_errors
from guard.recovery import safety
from guard.recovery.digest import Content, Digest
from guard.recovery.maker import Copy, Order, Progress
from guard.recovery.makers import json_lines, manifest, versions
from guard.recovery.makers.manifest import Entry, Held
from guard.recovery.points import LocatedStore, RecoveryPoint

WORKERS = 8
CHUNK = 1 << 20
"""Bytes of an object that are read at a time."""
ONE_COPY = 5 << 30
"""Bytes of the largest object that CopyObject takes; larger ones are copied in parts."""


class Buckets:
    """Counts, copies, reads back and restores S3 buckets."""

    def count(self, store: LocatedStore) -> int:
        """Object versions and delete markers."""
        with translate_errors(str(store)):
            return versions.count(client("s3", store.region), store.name)

    def measure(self, store: LocatedStore, progress: Progress) -> Content:
        """See ``Maker``."""
        s3, digest = client("s3", store.region), Digest()
        with translate_errors(str(store)):
            history = manifest.described(versions.history(s3, store.name))
            for entry in _each(lambda entry: _read(s3, store.name, entry), history):
                manifest.add(digest, entry)
                progress("reading versions", digest.items, None)
        return digest.content()

    def copy(self, order: Order) -> Copy:
        """See ``Maker``. Versions never change, so what is copied is what was listed."""
        source, s3 = client("s3", order.store.region), client("s3", order.region)
        folder = f"buckets/{order.store.name}/{order.id}/"
        digest = Digest()
        left = _Left(source, order.store.name)

        def copy(entry: Entry) -> Entry:
            return _copied(source, s3, order, folder, entry)

        with translate_errors(str(order.store)), json_lines.spooled() as lines:
            for entry in _each(copy, manifest.described(versions.history(source, order.store.name))):
                left.see(entry)
                kept = {name: value for name, value in entry.items() if name not in ("etag", "locks")}
                lines.write(json_lines.line(kept))
                manifest.add(digest, entry)
                order.progress("copying versions", digest.items, None)
            written = json_lines.upload(s3, lines, order.bucket, folder + manifest.MANIFEST, digest.content())
        order.progress("copying versions", digest.items, digest.items)
        return Copy(json_lines.uri(order.bucket, folder), digest.content(), left.note(), written)

    def verify(self, point: RecoveryPoint, progress: Progress) -> str:
        """See ``Maker``. Every copy is read and compared: SHA-256, headers and tags as the source had them."""
        held = Held.of(point)

        def read(entry: Entry) -> Entry:
            if not entry["deleteMarker"]:
                where, key = held.name(entry), held.folder + entry["copy"]
                with translate_errors(where, DamagedError):
                    answer = held.s3.get_object(Bucket=held.bucket, Key=key)
                    found = _sha256(answer["Body"])
                if found != (entry["sha256"], entry["size"]) or manifest.headers_of(answer) != entry["headers"]:
                    raise DamagedError(f"{where} isn't what was copied")
                if str(answer.get("VersionId")) != entry["copyVersion"]:
                    raise DamagedError(f"{where} was overwritten")
                with translate_errors(where, DamagedError):
                    held.compare_tags(entry, answer)
            return entry

        done = 0
        for _ in _each(read, held.entries()):
            done += 1
            progress("reading copies", done, point.items)
        return f"every copy read and compared: {done} versions and delete markers"

    def check(self, point: RecoveryPoint) -> None:
        """See ``Maker``."""
        Held.of(point).check()

    def restore(self, point: RecoveryPoint, target: str, progress: Progress) -> int:
        """See ``Maker``. Versions are written oldest first; ids and dates are new, contents and order aren't."""
        held = Held.of(point)
        s3 = client("s3", point.store.region)
        if target == held.bucket:
            raise ServiceError(f"bucket {target} holds the recovery points: restore {point.id} to another name")
        with translate_errors(f"bucket {target}"):
            _prepare(s3, point, target)
            done = 0
            for key, entries in groupby(held.entries(), key=lambda entry: str(entry["key"])):
                for entry in reversed(list(entries)):
                    if entry["deleteMarker"]:
                        s3.delete_object(Bucket=target, Key=key)
                    else:
                        _restored(held, s3, target, entry)
                    done += 1
                    progress("writing versions", done, point.items)
        found = self.measure(point.store.model_copy(update={"name": target}), progress)
        if differs := point.differs(found):
            raise DamagedError(f"bucket {target} restored from {point.id}: {differs}")
        return done


class _Left:
    """What of a bucket its copy leaves out, for the record's note."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._locked = self._held = 0

    def see(self, entry: Entry) -> None:
        """Count the locks of one version."""
        locks = entry.get("locks") or {}
        self._locked += "ObjectLockMode" in locks
        self._held += locks.get("ObjectLockLegalHoldStatus") == "ON"

    def note(self) -> str:
        """In one line."""
        left = [f"retention of {self._locked} versions"] if self._locked else []
        left += [f"legal hold of {self._held} versions"] if self._held else []
        with translate_errors(f"bucket {self._bucket}"):
            if self._setting("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"):
                left.append("object lock of the bucket")
            controls = self._setting("get_bucket_ownership_controls", "OwnershipControlsNotFoundError")
            rules = (controls or {}).get("OwnershipControls", {}).get("Rules", ())
            if not any(rule["ObjectOwnership"] == "BucketOwnerEnforced" for rule in rules):
                left.append("ACLs")
        return f"not restored: {', '.join([*left, 'the bucket policy and other settings of the bucket'])}"

    def _setting(self, name: str, none: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = getattr(self._s3, name)(Bucket=self._bucket)
        except Exception as error:
            if code(error) == none:
                return None
            raise
        return found


def _copied(source: Any, s3: Any, order: Order, folder: str, entry: Entry) -> Entry:
    """Copy one version, with its headers and tags, without its bytes passing through here."""
    if entry["deleteMarker"]:
        return entry
    known = _read(source, order.store.name, entry)
    version = {"Bucket": order.store.name, "Key": entry["key"], "VersionId": entry["versionId"]}
    key, exact = folder + entry["copy"], {"CopySourceIfMatch": entry["etag"]}
    if entry["size"] > ONE_COPY:
        s3.copy(version, order.bucket, key, ExtraArgs={**exact, **_given(known)}, SourceClient=source)
    else:
        s3.copy_object(Bucket=order.bucket, Key=key, CopySource=version, **exact)
    made = s3.head_object(Bucket=order.bucket, Key=key)
    return {**known, "copyEtag": made["ETag"], "copyVersion": str(made.get("VersionId"))}


def _restored(held: Held, s3: Any, target: str, entry: Entry) -> None:
    """Write a version from the copy that was made then, with what the manifest tells of it."""
    copy = {"Bucket": held.bucket, "Key": held.folder + entry["copy"]}
    if "copyVersion" not in entry:  # of a record from before copies were told apart by version
        s3.copy_object(Bucket=target, Key=entry["key"], CopySource=copy)
        return
    copy["VersionId"] = entry["copyVersion"]
    given = {**_given(entry), "StorageClass": entry["storageClass"]}
    if entry["size"] > ONE_COPY:
        s3.copy(copy, target, entry["key"], ExtraArgs=given, SourceClient=held.s3)
        return
    replaced = {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}
    s3.copy_object(Bucket=target, Key=entry["key"], CopySource=copy, **replaced, **given)


def _given(entry: Entry) -> dict[str, Any]:
    """Headers and tags of a version as arguments of a request."""
    return {**entry["headers"], **({"Tagging": urlencode(entry["tags"])} if entry["tags"] else {})}


def _read(s3: Any, bucket: str, entry: Entry) -> Entry:
    """A version with what only reading tells; refused where it was overwritten since it was listed (unversioned)."""
    if entry["deleteMarker"]:
        return entry
    key, version = entry["key"], entry["versionId"]
    answer = s3.get_object(Bucket=bucket, Key=key, VersionId=version, IfMatch=entry["etag"])
    sha256, size = _sha256(answer["Body"])
    if size != entry["size"]:
        raise ServiceError(f"bucket {bucket}: {key} changed while it was read")
    return {
        **entry,
        "sha256": sha256,
        "headers": manifest.headers_of(answer),
        "tags": manifest.tags_of(s3, bucket, key, version, answer),
        "locks": {name: answer[name] for name in manifest.LOCKS if answer.get(name)},
    }


def _sha256(body: Any) -> tuple[str, int]:
    """SHA-256 and size of a stream."""
    found, size = hashlib.sha256(), 0
    for chunk in body.iter_chunks(CHUNK):
        found.update(chunk)
        size += len(chunk)
    return found.hexdigest(), size


def _each(work: Callable[[Entry], Entry], entries: Iterable[Entry]) -> Iterator[Entry]:
    """Work on entries side by side, in order, a few hundred at a time; each thread keeps to the caller's deadline."""
    source = iter(entries)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="recovery") as pool:
        while batch := list(islice(source, WORKERS * 32)):
            yield from [
                each.result() for each in [pool.submit(contextvars.copy_context().run, work, entry) for entry in batch]
            ]


def _prepare(s3: Any, point: RecoveryPoint, target: str) -> None:
    """Make the target bucket where it is missing; refuse one that holds anything, forgets versions or is another's."""
    try:
        s3.head_bucket(Bucket=target)
    except Exception as error:
        if code(error) in safety.FOREIGN:
            raise ServiceError(f"bucket {target} is another account's: restore {point.id} to another name") from None
        if not absent(error):
            raise
        place = {"CreateBucketConfiguration": {"LocationConstraint": point.store.region}}
        s3.create_bucket(Bucket=target, **({} if point.store.region == "us-east-1" else place))
        safety.set_up(s3, target)
    if items := versions.count(s3, target):
        raise ServiceError(f"bucket {target} holds {items} versions: restore {point.id} to another name")
    if s3.get_bucket_versioning(Bucket=target).get("Status") != "Enabled":
        raise ServiceError(f"bucket {target} keeps no versions: enable versioning, or restore to another name")
