"""Does it work? Every system is asked the way its users ask, after every update; all systems at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cli.health import SYSTEMS, Told


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    system: str
    name: str
    passed: bool
    detail: str


def check(outputs: Mapping[str, Any], region: str) -> list[Check]:
    """Check every deployed system of a stack; what a check runs into is its detail, never an exception.

    Most of a check is waiting. One system's checks follow one another, so that the first that fails says the most.
    """
    deployed = outputs.get("systems") or {}
    systems = [system for system in SYSTEMS if system in deployed]
    if not systems:
        return []
    with ThreadPoolExecutor(len(systems)) as pool:
        found = pool.map(lambda system: _system(system, deployed[system], region), systems)
        return [each for checks in found for each in checks]


def _system(system: str, told: Told, region: str) -> list[Check]:
    return [_run(system, name, work, told, region) for name, work in SYSTEMS[system].CHECKS.items()]


def _run(system: str, name: str, work: Callable[[Told, str], str], told: Told, region: str) -> Check:
    try:
        return Check(system, name, True, work(told, region))
    except Exception as error:  # a check's finding is data: whatever happened is what it found
        return Check(system, name, False, f"{type(error).__name__}: {error}".splitlines()[0])
