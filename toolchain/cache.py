"""Filling a folder of the shared cache all at once or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from toolchain.errors import ToolchainError


def fill(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`, made by `make` in a temporary folder beside it if it is missing.

    Killed in the middle, it leaves no half-made `target`; several processes at once make it once. Raises
    ToolchainError when the folder cannot be written, and whatever `make` raises.
    """
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.exists():
                _fill_locked(target, make)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ToolchainError(
            f"cannot write {target.parent} ({reason}): set XDG_CACHE_HOME to a folder you own"
        ) from error
    return target


def _fill_locked(target: Path, make: Callable[[Path], None]) -> None:
    # The lock makes us the only one at work on this target, so what is left of it is from a killed process.
    prefix = f".{target.name}.partial-"
    for left in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        make(scratch)
        scratch.chmod(0o755)
        os.replace(scratch, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(scratch)
