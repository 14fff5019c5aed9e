"""Large contents of the account, each in a file of its own beside the saved state, named by its SHA-256.

A zip is uploaded once, and stands in an object, a function and every published version of it. In the state itself each
of them would be written whole with every save: 460 MB for the functions of a whole release. So the state names them,
and the files are written before the state that does: whatever is killed in between leaves a file too many, which the
next save removes. Those of the state before stay as well.
"""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "contents"
LARGE = 64 * 1024
"""Bytes from which on a content has a file of its own."""
DIGITS = 64
"""Of a SHA-256 in hex; another name in the folder is a file that wasn't finished."""
TEXT, BYTES = "text", "bytes"

Name = tuple[str, str]
"""How a state names a content: its kind, and its SHA-256 in hex."""


class DamagedError(Exception):
    """A content that a state names isn't there, or is another one."""


@dataclass(frozen=True)
class Kept:
    """Stands for bytes whose file is known."""

    digest: str


@dataclass
class Writing:
    """One save: what the state names, and which of it has no file yet."""

    contents: Contents
    named: set[str] = field(default_factory=set)
    fresh: dict[str, bytes] = field(default_factory=dict)
    seen: dict[int, tuple[Any, str]] = field(default_factory=dict)

    def name(self, item: Any) -> Name | None:
        """How a state names an object instead of holding it; None for what it holds."""
        kind = type(item)
        if kind is Kept:
            self.named.add(item.digest)
            return BYTES, item.digest
        if (kind is bytes or kind is str) and len(item) >= LARGE:
            return TEXT if kind is str else BYTES, self._of(item)
        return None

    def _of(self, item: bytes | str) -> str:
        """The digest; an object that was there at the last save isn't read again, nor is it made bytes."""
        known = self.contents.seen.get(id(item))
        if known is not None and known[0] is item and known[1] in self.contents.there:
            digest = known[1]
        else:
            content = item.encode() if isinstance(item, str) else item
            digest = hashlib.sha256(content).hexdigest()
            if digest not in self.contents.there:
                self.fresh[digest] = content
        self.seen[id(item)] = (item, digest)
        self.named.add(digest)
        return digest


class Contents:
    """The files of one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER
        self.there = {path.name for path in self.folder.glob("*") if len(path.name) == DIGITS}
        self.seen: dict[int, tuple[Any, str]] = {}
        """Object id -> the object and its digest, of the last save: kept, or the id could be another object's."""
        self.newest: set[str] | None = None
        """What the newest state names; None where nobody has read or written one yet."""
        self._read: dict[Name, bytes | str] = {}

    def write(self, writing: Writing) -> None:
        """Write the files that a state needs, flushed to disk."""
        if not writing.fresh:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for digest, content in writing.fresh.items():
            partial = self.folder / f".{digest}.new"
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.folder / digest)
            self.there.add(digest)
        flush(self.folder)

    def settle(self, writing: Writing) -> None:
        """After the state was written: remember what it names, and remove what neither it nor the one before does."""
        self.seen = writing.seen
        before, self.newest = self.newest, writing.named
        if before is not None:
            for digest in self.there - before - self.newest:
                (self.folder / digest).unlink(missing_ok=True)
            self.there &= before | self.newest
            for partial in self.folder.glob(".*.new"):
                partial.unlink(missing_ok=True)

    def read(self, name: Name) -> bytes | str:
        """The content that a state names, one object however often it does. Raises ``DamagedError``."""
        if name not in self._read:
            kind, digest = name
            try:
                content = (self.folder / digest).read_bytes()
            except OSError as error:
                raise DamagedError(f"{digest}: {error.strerror}") from None
            if hashlib.sha256(content).hexdigest() != digest:
                raise DamagedError(f"{digest} holds something else")
            self._read[name] = content.decode() if kind == TEXT else content
        return self._read[name]

    def loaded(self) -> None:
        """After a state was read: what it names is what the newest state names."""
        self.newest = {digest for _, digest in self._read}
        self.seen = {id(item): (item, digest) for (_, digest), item in self._read.items()}
        self._read = {}


def flush(folder: Path) -> None:
    """Have the names in a folder on disk."""
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


_now = threading.local()
"""``writing``: the save of this thread, while it pickles."""


def pickling(of: Writing | None) -> None:
    """Say that this thread pickles for a save, so that objects in buckets name what they hold; None: no more."""
    _now.writing = of


def writing() -> Writing | None:
    """The save that this thread pickles for."""
    return getattr(_now, "writing", None)
