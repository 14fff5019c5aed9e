"""The ledger: what every update left behind, kept outside of the state, so that an edit of the state shows.

One object an entry in the recovery bucket, numbered, never overwritten (S3, "Conditional writes"). Engine and ledger
agree as long as every change comes through an update; `rollback audit` compares them (``guard.audit``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from guard.inventory import Guarded
from guard.recovery.catalogue import Catalogue
from guard.recovery.clients import client
from guard.recovery.errors import RecoveryError, code, told
from stacks.model import Model

PREFIX = "ledger"
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class Entry(Model):
    """What one update left."""

    number: Annotated[int, Field(ge=1)]
    at: AwareDatetime
    by: str
    """Who ran it: user and host."""
    command: str
    result: str
    """``succeeded`` or ``failed``; ``seen`` where an audit found all in order and noted it."""
    version: str | None
    """The release that the stack pinned."""
    engine_start: str | None
    """When the engine's newest history entry started, as it says."""
    digest: str
    """Of the state (``guard.inventory.digest``)."""
    durable: dict[str, Guarded]


@dataclass(frozen=True)
class Ledger:
    """The ledger of one stack. Every method raises ``RecoveryError`` where the bucket can't be read or written."""

    bucket: str
    region: str
    stack: str

    def last(self) -> Entry | None:
        """The newest entry; None where there is none yet."""
        with told(f"ledger of {self.stack}"):
            try:
                keys = self._keys()
            except Exception as error:
                if code(error) == "NoSuchBucket":
                    return None
                raise
            if not keys:
                return None
            body = self._s3.get_object(Bucket=self.bucket, Key=max(keys))["Body"].read()
            return Entry.model_validate_json(body)

    def add(self, entry: Entry) -> None:
        """Add an entry. Raises ``RecoveryError`` where the number is taken: another update was noted meanwhile."""
        Catalogue(self.bucket, self.region).ensure()
        with told(f"ledger of {self.stack}"):
            try:
                self._s3.put_object(
                    Bucket=self.bucket,
                    Key=f"{PREFIX}/{self.stack}/{entry.number:08}.json",
                    Body=entry.model_dump_json(by_alias=True).encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except Exception as error:
                if code(error) in _TAKEN:
                    raise RecoveryError(f"entry {entry.number} was written by another command meanwhile") from None
                raise

    def _keys(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{PREFIX}/{self.stack}/")
        return [str(each["Key"]) for page in pages for each in page.get("Contents", ())]

    @property
    def _s3(self) -> Any:
        return client("s3", self.region)
