"""``releases.lock``: the SHA-256 of everything that was published, so that nothing is edited unnoticed.

A release is one manifest, ``v1.2.3.yaml``. A system that joins the project later states what it ran at an earlier
release in an addition, ``v1.2.3.d/<system>.yaml``: the manifest itself stays as it was published, byte by byte.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from core.files import replace_text
from core.identifiers import order
from core.model import ConfigurationError
from core.project import commands, shown

LOCK_NAME = "releases.lock"


def parts(version: str, folder: Path) -> dict[str, Path]:
    """The files of a release by their names in the lock: ``v1.2.3``, ``v1.2.3/<system>``."""
    additions = sorted((folder / f"{version}.d").glob("*.yaml"))
    return {version: folder / f"{version}.yaml", **{f"{version}/{path.stem}": path for path in additions}}


def read_lock(folder: Path) -> dict[str, str]:
    """What was published, and the SHA-256 of each. Raises ``ConfigurationError`` where the lock can't be read."""
    path = folder / LOCK_NAME
    try:
        lock: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ConfigurationError(f"{shown(path)} isn't valid JSON: {error}") from None
    return lock


def write_lock(folder: Path, lock: dict[str, str]) -> None:
    """Replace the lock in one step."""
    ordered = {name: lock[name] for name in sorted(lock, key=lambda name: (order(name.partition("/")[0]), name))}
    replace_text(folder / LOCK_NAME, json.dumps(ordered, indent=2) + "\n")


def compare(name: str, path: Path, content: bytes, lock: dict[str, str]) -> None:
    """Refuse a file that wasn't published, or that was published with other content (``ConfigurationError``)."""
    version = name.partition("/")[0]
    if name not in lock:
        what = f"{shown(path)} isn't published" if "/" in name else f"release {version} isn't published"
        raise ConfigurationError(f"{what}: run `{commands().release} publish {version} -s STACK` and commit it")
    if digest(content) != lock[name]:
        raise ConfigurationError(
            f"release {version} was edited after it was published: restore {shown(path)} from git, "
            "or publish the change as a new version"
        )


def missing(version: str, folder: Path, lock: dict[str, str]) -> list[str]:
    """The files of a release that were published and aren't there."""
    present = {name for name, path in parts(version, folder).items() if path.is_file()}
    known = [name for name in lock if name.partition("/")[0] == version]
    return [file_of(name) for name in known if name not in present]


def file_of(name: str) -> str:
    """The file that a name in the lock stands for, below the folder of the releases."""
    version, _, system = name.partition("/")
    return f"{version}.d/{system}.yaml" if system else f"{version}.yaml"


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
