"""The catalogue of recovery points: one JSON object a record in S3, outside of every stack.

Records are added, never overwritten; only what a verification found is written into one, and only onto the version that
was read (PutObject with If-None-Match and If-Match, S3 user guide, "Conditional writes").
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.aws import client
from core.errors import DamagedError, ServiceError, code, translate_errors
from guard.recovery import safety
from guard.recovery.judgement import SKEW
from guard.recovery.points import LocatedStore, RecoveryPoint, make_command

PREFIX = "recovery-points"
ATTEMPTS = 5
SETTLES, SETTLE_SECONDS = 4, 0.5
"""How often an empty bucket is looked at, while another command may be setting it up."""
_SEAL = "sha256"
"""Metadata of a record: the SHA-256 of its text, as only this program writes it."""
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True)
class Catalogue:
    """Recovery points in one bucket. Methods raise ``ServiceError`` where it can't be read or written."""

    bucket: str
    region: str

    def ensure(self) -> None:
        """Make the bucket where it is missing: private, encrypted and versioned; one that isn't all that is refused."""
        s3 = self._s3
        with translate_errors(f"recovery bucket {self.bucket}"):
            if self._create(s3):
                safety.set_up(s3, self.bucket)
            else:
                self._await_set_up(s3)
                safety.refuse_unsafe(s3, self.bucket)

    def check(self) -> None:
        """Raise ``ServiceError`` for a bucket that isn't there, or to which no copy should be trusted."""
        with translate_errors(f"recovery bucket {self.bucket}"):
            safety.refuse_unsafe(self._s3, self.bucket)

    def confirm(self, point: RecoveryPoint) -> None:
        """Raise ``DamagedError`` where a record is gone, or was changed by anything but a verification."""
        with translate_errors(f"record of {point.id}", DamagedError):
            answer = self._s3.get_object(Bucket=self.bucket, Key=_key(point))
            body = answer["Body"].read()
            if answer.get("Metadata", {}).get(_SEAL) != hashlib.sha256(body).hexdigest():
                raise DamagedError(f"record of {point.id} was written by hand: {make_command(point.store)}")
            record = RecoveryPoint.model_validate_json(body)
            if record != point:
                raise ServiceError(f"record of {point.id} is another one by now; run this again")
            if _unchanging(self._first(point)) != _unchanging(record):
                raise DamagedError(f"record of {point.id} isn't what was recorded: {make_command(point.store)}")

    def add(self, point: RecoveryPoint) -> None:
        """Add a record; an id that is there already is refused."""
        with translate_errors(f"record of {point.id}"):
            try:
                self._put(point, IfNoneMatch="*")
            except Exception as error:
                if code(error) in _TAKEN:
                    raise ServiceError(f"a recovery point {point.id} of {point.store} is recorded already") from None
                raise

    def all(self, stack: str | None = None) -> list[RecoveryPoint]:
        """Every record of a stack (of all stacks), newest first. Raises for one that can't be read."""
        points, unreadable = self.records(stack)
        if unreadable:
            raise ServiceError(str(unreadable[0]))
        return points

    def records(self, stack: str | None = None) -> tuple[list[RecoveryPoint], list[Unreadable]]:
        """Every record of a stack (of all stacks) that can be read, newest first, and those that can't."""
        points, unreadable = [], []
        for key in self._sorted(f"{PREFIX}/{stack}/" if stack else f"{PREFIX}/"):
            try:
                points.append(self._read(key))
            except DamagedError as error:
                unreadable.append(Unreadable(key, str(error)))
        return sorted(points, key=lambda point: point.id, reverse=True), unreadable

    def of(self, store: LocatedStore) -> Iterator[RecoveryPoint]:
        """The records of one store, newest first, each read when it is asked for.

        A store is known by its whole identity (``Store.identity``): its URN may change while it stays the same store,
        and another region or account has a store of the same name. Raises ``ServiceError`` for a record of it that
        can't be read.
        """
        folder = _folder(store)
        for key in self._sorted(folder):
            if "/" in key.removeprefix(folder):
                continue  # of a store whose name goes on where this one's ends
            point = self._read(key)
            if point.store.identity == store.identity:
                yield point

    def evidence(self, store: LocatedStore, now: datetime | None = None) -> RecoveryPoint | None:
        """What to judge a store by: the newest verified record, or else the newest, or None.

        A record from the future, of a machine whose clock was wrong, comes after all others: it would hide every point
        that is made until then.
        """
        latest = (now or datetime.now(UTC)) + SKEW
        newest = ahead = None
        for point in self.of(store):
            if point.made_at > latest:
                ahead = ahead or point
            elif point.verified_at is not None:
                return point
            else:
                newest = newest or point
        return newest or ahead

    def verified(self, point: RecoveryPoint, how: str, at: datetime | None = None) -> RecoveryPoint:
        """Note that a copy was read back, and how; returns the record as it is now."""
        found = {"verified_at": at or max(datetime.now(UTC), point.made_at), "verified_how": how, "fault": None}
        return self._note(point, found)

    def damaged(self, point: RecoveryPoint, fault: str) -> RecoveryPoint:
        """Note what a verification found wrong: from now on the copy counts as not verified."""
        return self._note(point, {"verified_at": None, "verified_how": None, "fault": fault})

    def _note(self, point: RecoveryPoint, found: dict[str, Any]) -> RecoveryPoint:
        with translate_errors(f"record of {point.id}"):
            for _ in range(ATTEMPTS):
                answer = self._s3.get_object(Bucket=self.bucket, Key=_key(point))
                record = RecoveryPoint.model_validate_json(answer["Body"].read())
                noted = RecoveryPoint.model_validate({**record.model_dump(), **found})
                try:
                    self._put(noted, IfMatch=answer["ETag"])
                except Exception as error:
                    if code(error) not in _TAKEN:
                        raise
                else:
                    return noted
        raise ServiceError(f"record of {point.id}: others keep changing it; run this again")

    def _put(self, point: RecoveryPoint, **condition: str) -> None:
        text = point.model_dump_json(by_alias=True, indent=2).encode()
        self._s3.put_object(
            Bucket=self.bucket,
            Key=_key(point),
            Body=text,
            ContentType="application/json",
            Metadata={_SEAL: hashlib.sha256(text).hexdigest()},
            **condition,
        )

    def _sorted(self, prefix: str) -> list[str]:
        """The keys of records, newest first."""
        with translate_errors(f"recovery points in {self.bucket}"):
            keys = self._keys(prefix)
        return sorted((key for key in keys if key.endswith(".json")), key=_identifier, reverse=True)

    def _read(self, key: str) -> RecoveryPoint:
        """One record; raises ``DamagedError`` where it isn't one, or is another store's."""
        with translate_errors(f"record s3://{self.bucket}/{key}", DamagedError):
            body = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            point = RecoveryPoint.model_validate_json(body)
            if _key(point) != key:
                raise DamagedError(f"record s3://{self.bucket}/{key} tells of another store or id: {_key(point)}")
            return point

    def _first(self, point: RecoveryPoint) -> RecoveryPoint:
        """A record as it was written first: every later one is a version on top of it."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=_key(point))
        *_, oldest = (each for page in pages for each in page.get("Versions", ()) if each["Key"] == _key(point))
        answer = self._s3.get_object(Bucket=self.bucket, Key=_key(point), VersionId=oldest["VersionId"])
        return RecoveryPoint.model_validate_json(answer["Body"].read())

    def _keys(self, prefix: str) -> list[str]:
        """The keys of records; none where the bucket isn't there yet, which is how every stack begins."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            return [str(entry["Key"]) for page in pages for entry in page.get("Contents", ())]
        except Exception as error:
            if code(error) == "NoSuchBucket":
                return []
            raise

    def _await_set_up(self, s3: Any) -> None:
        """Another command may be about to set up a bucket that it made a moment ago: then it is empty."""
        for _ in range(SETTLES):
            if s3.get_bucket_versioning(Bucket=self.bucket).get("Status") == "Enabled":  # which comes last
                return
            if s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1).get("KeyCount"):
                return
            time.sleep(SETTLE_SECONDS)

    def _create(self, s3: Any) -> bool:
        """Whether the bucket was missing, and is made now."""
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        try:
            s3.head_bucket(Bucket=self.bucket)
        except Exception as error:
            safety.refuse_foreign(error, self.bucket)
            if code(error) not in ("404", "NoSuchBucket"):
                raise
        else:
            return False
        try:
            s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {}))
        except Exception as error:
            safety.refuse_foreign(error, self.bucket)
            if code(error) != "BucketAlreadyOwnedByYou":  # another command made it in between
                raise
        return True

    @property
    def _s3(self) -> Any:
        return client("s3", self.region)


@dataclass(frozen=True)
class Unreadable:
    """A record that can't be read: no evidence for its own store, and no matter for the others."""

    key: str
    reason: str

    @property
    def id(self) -> str:
        """The recovery point's, as its key says."""
        return _identifier(self.key).removesuffix(".json")

    def is_of(self, store: LocatedStore) -> bool:
        """Whether it lies where the records of a store lie."""
        return self.key == f"{_folder(store)}{_identifier(self.key)}"

    def __str__(self) -> str:
        return self.reason


def _unchanging(point: RecoveryPoint) -> dict[str, Any]:
    """A record without what a verification notes."""
    return point.model_dump(exclude={"verified_at", "verified_how", "fault"})


def _identifier(key: str) -> str:
    return key.rpartition("/")[2]


def _folder(store: LocatedStore) -> str:
    return f"{PREFIX}/{store.stack}/{store.kind}/{store.name.lstrip('/')}/"


def _key(point: RecoveryPoint) -> str:
    return f"{_folder(point.store)}{point.id}.json"
