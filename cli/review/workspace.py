"""Copies that a preview may write to: a stack's settings at a release, and the program at another revision."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

import yaml

from cli.review.errors import ReviewError
from stacks.settings import PROJECT
from stacks.systems import SYSTEMS

TRUNKS = ("origin/main", "main")
"""What a change is compared with where nobody says."""
VERSION = f"{PROJECT}:version"
PINS = (*(f"{system}:version" for system in SYSTEMS), f"{PROJECT}:temporaryPins", "temporaryPins")
ENVIRONMENT = ".venv"
REMOTE = re.compile(r"(?:https://|ssh://git@|git@)(?:[^@/]*@)?(?P<host>[\w.-]+)[:/](?P<path>[\w./-]+)")
"""The address of a remote, without the name and password that it may have."""


def settings_at(source: Path, version: str | None, folder: Path, *, unpin: bool = False) -> Path:
    """A copy of a stack's file below ``folder``, pinned to a release. `--config version=…` would write to the file.

    ``version``: as the file says where it is None; ``unpin``: systems lose the pins of their own with it. Raises
    ``ReviewError`` where the file isn't there.
    """
    try:
        given = yaml.safe_load(source.read_text()) or {}
    except (OSError, yaml.YAMLError):
        raise ReviewError(f"{source.parent.name}/{source.name} can't be read") from None
    if version is not None:
        gone = {"version", VERSION, *(PINS if unpin else ())}
        kept = {key: value for key, value in (given.get("config") or {}).items() if key not in gone}
        given["config"] = {**kept, VERSION: version}
    target = folder / (version or "pinned") / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(given, sort_keys=False, allow_unicode=True))
    return target


def base_of(root: Path, revision: str | None) -> tuple[str, str]:
    """The revision to compare with and its commit: the one that is named, else where the trunk was left.

    Raises ``ReviewError`` where there is none.
    """
    if revision is not None:
        if commit := git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"):
            return revision, commit
        raise ReviewError(f"--base {revision} is no revision of this checkout")
    for trunk in TRUNKS:
        if commit := git(root, "merge-base", "HEAD", trunk):
            return f"merge base with {trunk}", commit
    raise ReviewError(
        f"a way back is closed, and whether this change closes it can't be told: there is no {' or '.join(TRUNKS)} "
        "to compare with; name a revision with --base"
    )


def program_at(root: Path, commit: str, target: Path) -> Path:
    """The project as it was at a commit, in ``target``, with this checkout's Python environment.

    An archive leaves nothing behind in the repository, as a worktree would. Raises ``ReviewError``.
    """
    done = subprocess.run(["git", "archive", "--format=tar", commit], cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise ReviewError(f"the program at {commit[:12]} can't be read: {done.stderr.decode(errors='replace')}")
    target.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as content:
            content.extractall(target, filter=_without_environment)  # noqa: S202 - git made it
    except tarfile.TarError as error:
        raise ReviewError(f"the program at {commit[:12]} can't be unpacked: {error}") from None
    (target / ENVIRONMENT).symlink_to(root / ENVIRONMENT)
    return target


def _without_environment(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    return None if member.name.split("/")[0] == ENVIRONMENT else tarfile.data_filter(member, path)


def remote_of(root: Path) -> str | None:
    """The page of the repository that the checkout was cloned from; None where that is no page."""
    told = git(root, "remote", "get-url", "origin").removesuffix(".git")
    found = REMOTE.fullmatch(told)
    return f"https://{found['host']}/{found['path']}" if found else None


def git(root: Path, *arguments: str) -> str:
    """What git says; nothing where it fails, or there is no git or repository."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
