"""The catalogue of recovery points: one JSON object a record in S3, outside of every stack.

Records are added, never overwritten; only what a verification found is written into one, and only onto the version that
was read (PutObject with If-None-Match and If-Match, S3 user guide, "Conditional writes").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from guard.recovery.clients import client
from guard.recovery.errors import RecoveryError, code, told
from guard.recovery.points import RecoveryPoint, Store

PREFIX = "recovery-points"
ATTEMPTS = 5
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


@dataclass(frozen=True)
class Catalogue:
    """Recovery points in one bucket. Methods raise ``RecoveryError`` where it can't be read or written."""

    bucket: str
    region: str

    def ensure(self) -> None:
        """Make the bucket where it is missing: private, encrypted and versioned."""
        s3 = self._s3
        with told(f"recovery bucket {self.bucket}"):
            self._create(s3)
            if s3.get_bucket_versioning(Bucket=self.bucket).get("Status") == "Enabled":
                return  # versioning comes last, so the rest is there
            words = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            closed = dict.fromkeys(words, True)
            s3.put_public_access_block(Bucket=self.bucket, PublicAccessBlockConfiguration=closed)
            rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
            s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def add(self, point: RecoveryPoint) -> None:
        """Add a record; an id that is there already is refused."""
        with told(f"record of {point.id}"):
            try:
                self._put(point, IfNoneMatch="*")
            except Exception as error:
                if code(error) in _TAKEN:
                    raise RecoveryError(f"a recovery point {point.id} of {point.store} is recorded already") from None
                raise

    def all(self, stack: str | None = None) -> list[RecoveryPoint]:
        """Every record of a stack (of all stacks), newest first."""
        prefix = f"{PREFIX}/{stack}/" if stack else f"{PREFIX}/"
        return sorted(self._read_all(prefix), key=lambda point: point.id, reverse=True)

    def of(self, store: Store) -> Iterator[RecoveryPoint]:
        """The records of one store, newest first, each read when it is asked for.

        A store is known by its whole identity (``Store.identity``): its URN may change while it stays the same store,
        and another region or account has a store of the same name.
        """
        for point in self._read_all(_folder(store)):
            if point.store.identity == store.identity:
                yield point

    def evidence(self, store: Store) -> RecoveryPoint | None:
        """What to judge a store by: the newest verified record, or else the newest, or None."""
        newest = None
        for point in self.of(store):
            if point.verified_at is not None:
                return point
            newest = newest or point
        return newest

    def verified(self, point: RecoveryPoint, how: str, at: datetime | None = None) -> RecoveryPoint:
        """Note that a copy was read back, and how; returns the record as it is now."""
        found = {"verified_at": at or max(datetime.now(UTC), point.made_at), "verified_how": how, "fault": None}
        return self._note(point, found)

    def damaged(self, point: RecoveryPoint, fault: str) -> RecoveryPoint:
        """Note what a verification found wrong: from now on the copy counts as not verified."""
        return self._note(point, {"verified_at": None, "verified_how": None, "fault": fault})

    def _note(self, point: RecoveryPoint, found: dict[str, Any]) -> RecoveryPoint:
        with told(f"record of {point.id}"):
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
        raise RecoveryError(f"record of {point.id}: others keep changing it; run this again")

    def _put(self, point: RecoveryPoint, **condition: str) -> None:
        text = point.model_dump_json(by_alias=True, indent=2)
        self._s3.put_object(
            Bucket=self.bucket, Key=_key(point), Body=text.encode(), ContentType="application/json", **condition
        )

    def _read_all(self, prefix: str) -> Iterator[RecoveryPoint]:
        with told(f"recovery points in {self.bucket}"):
            s3 = self._s3
            keys = self._keys(prefix)
        for key in sorted((key for key in keys if key.endswith(".json")), key=_identifier, reverse=True):
            with told(f"record s3://{self.bucket}/{key}"):
                body = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
                point = RecoveryPoint.model_validate_json(body)
                if _key(point) != key:
                    raise RecoveryError(f"record s3://{self.bucket}/{key} tells of another store or id: {_key(point)}")
            yield point

    def _keys(self, prefix: str) -> list[str]:
        """The keys of records; none where the bucket isn't there yet, which is how every stack begins."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        try:
            return [str(entry["Key"]) for page in pages for entry in page.get("Contents", ())]
        except Exception as error:
            if code(error) == "NoSuchBucket":
                return []
            raise

    def _create(self, s3: Any) -> None:
        place = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
        try:
            s3.head_bucket(Bucket=self.bucket)
        except Exception as error:
            if code(error) not in ("404", "NoSuchBucket"):
                raise
            try:
                s3.create_bucket(Bucket=self.bucket, **({"CreateBucketConfiguration": place} if place else {}))
            except s3.exceptions.BucketAlreadyOwnedByYou:
                return  # another command made it in between

    @property
    def _s3(self) -> Any:
        return client("s3", self.region)


def _identifier(key: str) -> str:
    return key.rpartition("/")[2]


def _folder(store: Store) -> str:
    return f"{PREFIX}/{store.stack}/{store.kind}/{store.name.lstrip('/')}/"


def _key(point: RecoveryPoint) -> str:
    return f"{_folder(point.store)}{point.id}.json"
