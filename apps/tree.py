"""The files of one artifact version, after its BASE and SHARED lines are followed.

A version's folder holds only what changed in it. Control files say what it stands on, and are not part of the artifact:

BASE     the earlier version whose files it starts from; its own files replace those of the same name
WITHOUT  files of the BASE that this version no longer has, one a line
SHARED   the version of the system's `_shared` package that goes in beside it (inherited from BASE when absent)
FAULT    for versions made to be rolled back from: what is wrong with them, in one line
"""

from __future__ import annotations

import re
from pathlib import Path

from apps.errors import ArtifactError

Files = dict[str, bytes]
"""Path inside the artifact, with forward slashes -> content."""

CONTROL_FILES = frozenset({"BASE", "WITHOUT", "SHARED", "FAULT"})
VERSION = re.compile(r"\d+\.\d+\.\d+")
LEFT_OUT_FOLDERS = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


def read(folder: Path) -> Files:
    """Return a version folder's own and inherited files.

    Raises:
        ArtifactError: a folder, or a version that a BASE or SHARED line names, or a file that a WITHOUT line names, is
            missing; BASE lines form a circle, or a line names anything but a version; or something is a symbolic link,
            which would take files from outside into the artifact.
    """
    shared = _inherited_version(folder, "SHARED")
    files = _layered(folder.parent.parent / "_shared" / shared) if shared else {}
    return files | _layered(folder)


def fault(folder: Path) -> str | None:
    """Return what is wrong with a version by design, or None for a sound one."""
    return _line(folder / "FAULT")


def _layered(folder: Path) -> Files:
    files: Files = {}
    for layer in _lineage(folder):
        for gone in (_line(layer / "WITHOUT") or "").split():
            if files.pop(gone, None) is None:
                raise ArtifactError(f"the BASE of {layer} has no {gone}: correct {layer}/WITHOUT")
        files |= _own_files(layer)
    return files


def _lineage(folder: Path) -> list[Path]:
    """The folder and all its bases, oldest first."""
    line: list[Path] = []
    at: Path | None = folder
    while at is not None:
        _refuse_link(at)
        if not at.is_dir():
            raise ArtifactError(f"artifact version {at.name} of {at.parent.name} doesn't exist: {at} is missing")
        if at in line:
            raise ArtifactError(
                f"the BASE lines of {folder.parent.name} {folder.name} form a circle: correct {at}/BASE"
            )
        line.insert(0, at)
        base = _version(at / "BASE")
        at = at.parent / base if base else None
    return line


def _inherited_version(folder: Path, control: str) -> str | None:
    for layer in reversed(_lineage(folder)):
        if value := _version(layer / control):
            return value
    return None


def _version(path: Path) -> str | None:
    """The version that a line names, and nothing else: a path would lead out of the sources."""
    line = _line(path)
    if line and not VERSION.fullmatch(line):
        raise ArtifactError(f"{path} names {line!r}: it has to be a version, such as 1.2.0")
    return line


def _line(path: Path) -> str | None:
    _refuse_link(path)
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def _own_files(folder: Path) -> Files:
    files: Files = {}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        _refuse_link(path)
        if not path.is_file() or LEFT_OUT_FOLDERS.intersection(inside.parts) or path.suffix == ".pyc":
            continue
        if inside.as_posix() not in CONTROL_FILES:
            files[inside.as_posix()] = path.read_bytes()
    return files


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise ArtifactError(f"{path} is a symbolic link, and an artifact holds files alone: put the file itself there")
