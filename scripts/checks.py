"""Does it work? Every system is asked the way its users ask, after every update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.systems import SYSTEMS, Told


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    system: str
    name: str
    passed: bool
    detail: str


def check(outputs: Mapping[str, Any], region: str) -> list[Check]:
    """Check every deployed system of a stack; what a check runs into is its detail, never an exception."""
    deployed = outputs.get("systems") or {}
    return [
        _run(system, name, work, deployed[system], region)
        for system, module in SYSTEMS.items()
        if system in deployed
        for name, work in module.CHECKS.items()
    ]


def _run(system: str, name: str, work: Callable[[Told, str], str], told: Told, region: str) -> Check:
    try:
        return Check(system, name, True, work(told, region))
    except Exception as error:  # a check's finding is data: whatever happened is what it found
        return Check(system, name, False, f"{type(error).__name__}: {error}".splitlines()[0])
