"""The state of an object's readiness at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """Ready or not, what to tell meanwhile (and in short, in the summary of a failure), whether hope is lost."""

    ready: bool
    text: str = ""
    short: str = ""
    failed: bool = False
    warning: str | None = None


READY = Verdict(True)


def condition(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A condition in an object's status; empty when it has none of that type."""
    for item in (thing.get("status") or {}).get("conditions") or []:
        if item.get("type") == name:
            return dict(item)
    return {}


def observed(thing: Mapping[str, Any]) -> bool:
    """Whether the object's controller has seen its newest generation."""
    seen = (thing.get("status") or {}).get("observedGeneration") or 0
    return int(seen) >= int((thing.get("metadata") or {}).get("generation") or 0)
