"""The ledger: what every update left behind, kept outside of the state, so that an edit of the state shows.

One object an entry in the recovery bucket, numbered, never overwritten (S3, "Conditional writes"). Each entry has the
digest of the one before, and the bucket keeps versions, so that an entry that was changed or removed shows as well.
Engine and ledger agree as long as every change comes through an update; `rollback audit` compares them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from core import project
from core.aws import client
from core.errors import ServiceError, code, translate_errors
from core.model import Model
from guard.approvals import Person, Reason
from guard.findings import AuditFinding
from guard.inventory import Guarded
from guard.recovery.catalogue import Catalogue
from guard.sightings import Sighting

PREFIX = "ledger"
READERS = 16
"""Entries that are read side by side."""
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class Closed(Model):
    """A finding that a person has looked into."""

    kind: str
    subject: str
    by: Person
    reason: Reason


class Entry(Model):
    """What one update left. Fields with a default are newer than the first entries of some ledgers."""

    number: Annotated[int, Field(ge=1)]
    at: AwareDatetime
    by: str
    """Who ran it: user and host."""
    command: str
    result: str
    """``succeeded`` or ``failed``; ``seen`` where an audit found all in order, ``closed`` where a person closed a
    finding, ``approved`` where there are new approvals."""
    version: str | None
    """The release that the stack pinned."""
    engine_start: str | None
    """When the engine's newest history entry started, as it says."""
    digest: str
    """Of the state (``guard.inventory.digest``)."""
    durable: dict[str, Guarded]
    others: dict[str, str] = {}
    """Everything else that the state had, by URN: the id that its provider knows it by; empty for a component."""
    previous: str | None = None
    """SHA-256 of the entry before, as it was written; empty in the first one, None where entries had no chain yet."""
    bucket: str = ""
    """The recovery bucket that it was written to."""
    account: str = ""
    """The account that answered."""
    pack: str = ""
    """Digest of the policy pack of the `rollback` that wrote it (``guard.pack``)."""
    without_pack: int = 0
    """The program's own count of updates without the pack, until then."""
    sightings: dict[str, Sighting] = {}
    """What the account said of each store, by URN."""
    approvals: tuple[str, ...] | None = None
    """The approvals that there were when it was written (``approvals.digest``); None where entries didn't tell yet."""
    removed: dict[str, str] = {}
    """Stores that left by this update, with the approval that let them go."""
    unresolved: tuple[AuditFinding, ...] = ()
    """What nobody has closed yet."""
    closed: tuple[Closed, ...] = ()
    """What a person closed by this entry."""


@dataclass(frozen=True)
class Chain:
    """A whole ledger."""

    entries: tuple[Entry, ...] = ()
    """Those that can be read, the oldest first."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with an entry, by ``entry <number>`` with the beginning of its digest: one line each."""
    head: int = 0
    """The highest number."""

    @property
    def last(self) -> Entry | None:
        """The newest entry that can be read."""
        return self.entries[-1] if self.entries else None


@dataclass(frozen=True)
class Ledger:
    """The ledger of one stack. Every method raises ``ServiceError`` where the bucket can't be read or written."""

    bucket: str
    region: str
    stack: str

    def last(self) -> Entry | None:
        """The newest entry; None where there is none yet."""
        with translate_errors(f"ledger of {self.stack}"):
            keys = self._keys()
            entry = Entry.model_validate_json(self._body(max(keys))) if keys else None
            if entry is not None and self._key(entry.number) != max(keys):
                raise ServiceError(
                    f"{max(keys)} says that it is entry {entry.number}: see `{project.commands().audit}`"
                )
            return entry

    def read(self) -> Chain:
        """Every entry, and what is wrong with the chain of them."""
        with translate_errors(f"ledger of {self.stack}"):
            keys = {_number(key): key for key in self._keys()}
            with ThreadPoolExecutor(READERS) as readers:
                bodies = dict(zip(keys, readers.map(self._body, keys.values()), strict=True))
            rewritten = self._rewritten() if keys else {}
        entries, faults = _linked(bodies, rewritten)
        return Chain(entries, faults, max(keys, default=0))

    def add(self, entry: Entry) -> None:
        """Add an entry, chained to the one before it.

        Raises ``ServiceError`` where the number is taken: another update was noted meanwhile.
        """
        Catalogue(self.bucket, self.region).ensure()
        with translate_errors(f"ledger of {self.stack}"):
            before = hashlib.sha256(self._body(self._key(entry.number - 1))).hexdigest() if entry.number > 1 else ""
            chained = entry.model_copy(update={"previous": before, "bucket": self.bucket})
            try:
                self._s3.put_object(
                    Bucket=self.bucket,
                    Key=self._key(entry.number),
                    Body=chained.model_dump_json(by_alias=True).encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except Exception as error:
                if code(error) in _TAKEN:
                    raise ServiceError(f"entry {entry.number} was written by another command meanwhile") from None
                raise

    def _key(self, number: int) -> str:
        return f"{PREFIX}/{self.stack}/{number:08}.json"

    def _body(self, key: str) -> bytes:
        body: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body

    def _keys(self) -> list[str]:
        """The keys of entries; none where the bucket isn't there yet, which is how every stack begins."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{PREFIX}/{self.stack}/")
        try:
            keys = [str(each["Key"]) for page in pages for each in page.get("Contents", ())]
        except Exception as error:
            if code(error) == "NoSuchBucket":
                return []
            raise
        return sorted(key for key in keys if _number(key))

    def _rewritten(self) -> dict[int, str]:
        """Entries of which the bucket keeps another version, or the mark of a delete: what was done to each."""
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=f"{PREFIX}/{self.stack}/"
        )
        versions: dict[int, int] = {}
        deleted: set[int] = set()
        for page in pages:
            for each in page.get("Versions", ()):
                versions[_number(each["Key"])] = versions.get(_number(each["Key"]), 0) + 1
            deleted |= {_number(each["Key"]) for each in page.get("DeleteMarkers", ())}
        changed = {number: "was written anew" for number, count in versions.items() if count > 1}
        return {**changed, **dict.fromkeys(deleted, "was deleted")}

    @property
    def _s3(self) -> Any:
        return client("s3", self.region)


def _number(key: str) -> int:
    """An entry's number by its key; 0 for any other object."""
    name = key.rpartition("/")[2].removesuffix(".json")
    return int(name) if name.isascii() and name.isdigit() and len(name) == 8 else 0


def _linked(bodies: Mapping[int, bytes], rewritten: Mapping[int, str]) -> tuple[tuple[Entry, ...], dict[str, str]]:
    """The entries that can be read, and what is wrong: each has to bear its number and the digest of the one before."""
    entries: list[Entry] = []
    faults: dict[str, str] = {}
    chained = False
    for number in range(1, max((*bodies, *rewritten), default=0) + 1):
        body = bodies.get(number)
        subject = f"entry {number}" + (f" {hashlib.sha256(body).hexdigest()[:12]}" if body is not None else "")
        entry = _entry(body) if body is not None else None
        said = list(_faults(number, body, entry, bodies.get(number - 1), chained=chained))
        if number in rewritten:
            said.insert(0, rewritten[number])
        if said:
            faults[subject] = f"entry {number} of the ledger {' and '.join(said)}"
        if entry is not None and entry.number == number:
            entries.append(entry)
            chained = chained or entry.previous is not None
    return tuple(entries), faults


def _faults(
    number: int, body: bytes | None, entry: Entry | None, before: bytes | None, *, chained: bool
) -> Iterator[str]:
    if body is None:
        yield "is missing"
    elif entry is None:
        yield "can't be read"
    elif entry.number != number:
        yield f"says that it is entry {entry.number}"
    elif entry.previous is None:
        if chained:
            yield "has no digest of the entry before, though earlier ones have"
    elif number == 1 and entry.previous:
        yield "follows another entry, which is missing"
    elif before is not None and entry.previous != hashlib.sha256(before).hexdigest():
        yield f"doesn't follow entry {number - 1} as it is now: one of the two was changed"


def _entry(body: bytes) -> Entry | None:
    try:
        return Entry.model_validate_json(body)
    except ValueError:
        return None
