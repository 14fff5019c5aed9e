"""Which policy pack judges an update: the engine's history says that one was named, and not which.

So each update of `rollback` notes the pack's digest in the ledger, and the program counts, in its outputs, the updates
that the environment didn't lead to the pack.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import project

VARIABLE = "PULUMI_OPTION_POLICY_PACK"
"""The engine's own variable for the option ``--policy-pack``: folders, separated by commas; set but empty is none."""
SOURCES = ("**/*.py", "**/*.yaml")
OUTPUT = "withoutPack"
"""What the stack's output ``guard`` counts the updates in."""


def folder() -> Path:
    """Where the current project's pack lies."""
    return project.current().pack.resolve()


def digest(pack: Path | None = None) -> str:
    """SHA-256 over a pack's sources, waivers among them (hex); the project's own where left out."""
    return _digest(folder() if pack is None else pack)


@functools.cache
def _digest(folder: Path) -> str:
    content = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in folder.glob(pattern)}):
        text = path.read_bytes()
        content.update(f"{path.relative_to(folder)}\0{len(text)}\0".encode() + text)
    return content.hexdigest()


def is_applied(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment leads the engine to this pack, there or as a copy with the same content."""
    named = next(csv.reader([environment.get(VARIABLE, "")]), [])
    own = folder()
    return any(_is_pack(Path(each), own) for each in named if each.strip())


def count(outputs: Mapping[str, Any]) -> int:
    """How many updates of the stack weren't led to the pack, as its output ``guard`` says."""
    found = (outputs.get("guard") or {}).get(OUTPUT, 0)
    return int(found) if isinstance(found, int | float) else 0


def exported(before: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> dict[str, int]:
    """What a program exports beside the guard's other outputs. ``before``: the stack's outputs until now."""
    return {OUTPUT: count(before) + (not is_applied(environment))}


def _is_pack(path: Path, own: Path) -> bool:
    try:
        return path.resolve() == own or (path.is_dir() and digest(path.resolve()) == digest(own))
    except OSError:
        return False
