"""What every system is asked: what runs, and whether it works. One file a system.

``serving`` says what the system's users get, beside what the settings ask for; ``look`` is a command that shows
it; ``CHECKS`` are what the system's users do, each given what the stack's output says of the system and the region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from cli.health.serving import Serving
from stacks.selection import Selected
from stacks.settings import StackSettings
from stacks.systems import TABLE, imported, system

Told = Mapping[str, Any]
"""What the stack's output ``systems.<name>`` says."""


class System(Protocol):
    """A module of this package."""

    @property
    def CHECKS(self) -> Mapping[str, Callable[[Told, str], str]]:
        """By name: a check that returns what it saw, or raises."""

    def serving(self, chosen: Selected, told: Told, settings: StackSettings) -> Serving:
        """What users get. Raises whatever account, cluster or host raise."""

    def look(self, told: Told) -> str:
        """A command that shows the system."""


def addresses(module: System, told: Told, region: str) -> dict[str, str]:
    """Where a system answers, by name: what the output says, or what the system itself finds out."""
    find = getattr(module, "addresses", None)
    found: dict[str, str] = find(told, region) if find else {"health": told["health"], **told["endpoints"]}
    return found


def logs(name: str, told: Told) -> str | None:
    """The command that shows the logs of what a system runs; None where it has no single one, or was never deployed."""
    find = getattr(SYSTEMS.get(name), "logs", None)
    try:
        command: str | None = find(told) if find else None
    except KeyError:  # outputs of a program that didn't tell it yet
        return None
    return command


class _Modules(Mapping[str, System]):
    """The modules of the table of systems by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> System:
        module: System = imported(system(name).smoke_tests)
        return module

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in TABLE)

    def __len__(self) -> int:
        return len(TABLE)


SYSTEMS: Mapping[str, System] = _Modules()
