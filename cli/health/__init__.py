"""What every system is asked: what runs, and whether it works. One file a system.

``serving`` says what the system's users get, beside what the settings ask for; ``look`` is a command that shows
it; ``CHECKS`` are what the system's users do, each given what the stack's output says of the system and the region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cli.health import async_rag, compaction, cryptique, rag_api, security_assistant
from cli.health.serving import Serving
from stacks.selection import Selected
from stacks.settings import StackSettings

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


def addresses(system: System, told: Told, region: str) -> dict[str, str]:
    """Where a system answers, by name: what the output says, or what the system itself finds out."""
    find = getattr(system, "addresses", None)
    found: dict[str, str] = find(told, region) if find else {"health": told["health"], **told["endpoints"]}
    return found


def logs(system: str, told: Told) -> str | None:
    """The command that shows the logs of what a system runs; None where it has no single one, or was never deployed."""
    find = getattr(SYSTEMS.get(system), "logs", None)
    try:
        command: str | None = find(told) if find else None
    except KeyError:  # outputs of a program that didn't tell it yet
        return None
    return command


SYSTEMS: Mapping[str, System] = {
    "async-rag": async_rag,
    "rag-api": rag_api,
    "compaction": compaction,
    "cryptique": cryptique,
    "security-assistant": security_assistant,
}
