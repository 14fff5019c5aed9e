"""What a change does to the things that it is held against: published releases, the guard, policies, approvals.

A manifest and its line in ``releases.lock`` can be edited together, and a release can be dropped with its line: neither
the program nor a policy sees that, since both read the lock of the same checkout. The base's lock tells.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.review.errors import ReviewError
from cli.review.workspace import git
from core.identifiers import order
from core.release_lock import LOCK_NAME, missing, read_lock

RELEASES = "stacks/releases"
JUDGES = (
    ".github",
    "guard",
    "policies",
    "cli/review",
    "stacks/approvals",
    "core/release_lock.py",
    "stacks/releases.py",
    "core/strict_yaml.py",
)
"""Whoever changes one of these changes what refuses a change: a person has to read it."""


@dataclass(frozen=True)
class Standards:
    """What differs from the base."""

    rewritten: tuple[str, ...] = ()
    """Published releases whose content is another one now."""
    dropped: tuple[str, ...] = ()
    """Published releases that are there no more."""
    judges: tuple[str, ...] = ()
    """Files that judge changes, and that this one touches."""


def compare(root: Path, commit: str) -> Standards:
    """Hold a checkout against where it left a commit. Raises ``ReviewError`` where the lock there can't be read."""
    commit = git(root, "merge-base", "HEAD", commit) or commit
    before = _lock(root, commit)
    folder = root / RELEASES
    now = read_lock(folder)
    lost = {version for version in {_version(name) for name in before} if missing(version, folder, before)}
    lost |= {_version(name) for name in before if name not in now}
    changed = {_version(name) for name, told in before.items() if now.get(name, told) != told}
    touched = git(root, "diff", "--name-only", "-z", commit, "--", *JUDGES).split("\0")
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *JUDGES).split("\0")
    files = sorted({path for path in (*touched, *new) if path})
    return Standards(_ordered(changed - lost), _ordered(lost), tuple(files))


def failures(found: Standards, waived: Sequence[str]) -> list[str]:
    """What of it fails the review, a line each. ``waived``: dropped releases to which the way may be closed."""
    lines = [
        f"{version} isn't what was published: this change edits it together with {RELEASES}/{LOCK_NAME}; restore both "
        "from the base, and publish the change as a new release"
        for version in found.rewritten
    ]
    lines += [
        f"this change drops the published release {version}, to which nothing can go back then: restore it from the "
        f"base, or say so in policies/waivers.yaml (policy: way-back, resource: {version})"
        for version in found.dropped
        if version not in waived
    ]
    return lines


def _lock(root: Path, commit: str) -> dict[str, str]:
    """The lock as it was at a commit; empty where there was none."""
    path = f"{commit}:{RELEASES}/{LOCK_NAME}"
    done = subprocess.run(["git", "show", path], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        return {}
    try:
        lock: dict[str, str] = json.loads(done.stdout)
    except ValueError as error:
        raise ReviewError(f"{RELEASES}/{LOCK_NAME} of the base isn't valid JSON: {error}") from None
    return lock


def _version(name: str) -> str:
    return name.partition("/")[0]


def _ordered(found: set[str]) -> tuple[str, ...]:
    return tuple(sorted(found, key=order))
