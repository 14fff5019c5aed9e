"""The difference between two exports, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST = 160


def diff(a: dict[str, Any], b: dict[str, Any], *, history: bool = False) -> list[str]:
    """Return what differs between two exports, sorted by path; history counts only where asked for.

    A line is "+ path: value" (only in `b`), "- path: value" (only in `a`) or "~ path: old -> new".
    """
    sections = sorted((a.keys() | b.keys()) - (set() if history else {"history"}))
    return [line for section in sections for line in _lines(section, a.get(section, {}), b.get(section, {}))]


def _lines(path: str, a: Any, b: Any) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            below = f"{path}/{name}"
            if name not in b:
                yield f"- {below}: {_short(a[name])}"
            elif name not in a:
                yield f"+ {below}: {_short(b[name])}"
            else:
                yield from _lines(below, a[name], b[name])
    elif a != b:
        yield f"~ {path}: {_short(a)} -> {_short(b)}"


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
