"""Whose account PostgreSQL runs under: it refuses to run as root.

An ordinary user runs it as itself. For root, a user without rights ("nobody") takes its place where that user can
reach the programs and the data; elsewhere a user namespace makes root look like that user to PostgreSQL.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """How to start PostgreSQL's programs: arguments in front of theirs, and the user and group to run as."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def own(self, folder: Path) -> None:
        """Make `folder` and all in it belong to the account."""
        if self.uid is None or self.gid is None:
            return
        for top, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(Path(top) / name, self.uid, self.gid, follow_symlinks=False)


class NoAccountError(Exception):
    """Root has no way to run PostgreSQL here; the text says what to do."""


def choose(needed: list[Path]) -> Account:
    """Return the account to run under; `needed` are the existing folders it has to reach. Raises NoAccountError."""
    if os.geteuid() != 0:
        return Account()
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if all(_reachable(path, entry.pw_uid, entry.pw_gid) for path in needed):
            return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    prefix = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
    if shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
        return Account(prefix=prefix)
    blocked = next(path for path in needed if not _reachable(path, 65534, 65534))
    raise NoAccountError(
        f"PostgreSQL can't run as root, and other users can't reach {blocked}; "
        "run as an ordinary user, or allow others to pass with: chmod o+x on its parent folders"
    )


def _reachable(path: Path, uid: int, gid: int) -> bool:
    return all(_passes(folder.stat(), uid, gid) for folder in (path, *path.parents))


def _passes(info: os.stat_result, uid: int, gid: int) -> bool:
    if info.st_uid == uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)
