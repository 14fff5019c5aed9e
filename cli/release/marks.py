"""What releases are to stacks: pinned, held, deployed; and what they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.pulumi_command import EngineError
from stacks.artifacts import Pinned
from stacks.file import read
from stacks.pinned import every_pinned
from stacks.releases import RELEASES
from stacks.settings import STACKS, StackSettings


@dataclass(frozen=True)
class Marks:
    """One release, as stacks see it."""

    version: str
    pinned: tuple[str, ...] = ()
    """Stacks whose version it is."""
    held: tuple[str, ...] = ()
    """``<stack> <system>`` that stay at it by a pin of their own, or by a setting such as a canary."""
    deployed: tuple[str, ...] = ()
    """Stacks of which the last update left a system at it."""
    lacks: tuple[str, ...] | None = ()
    """Places of artifacts that aren't there; None where nobody could look."""

    @property
    def is_used(self) -> bool:
        """Whether a stack would miss it."""
        return bool(self.pinned or self.held or self.deployed)


def marks(
    outputs: Callable[[str], Mapping[str, Any]],
    missing: Callable[[Sequence[Pinned]], set[Pinned] | None],
    folder: Path = RELEASES,
) -> tuple[list[Marks], list[str]]:
    """Every published release, oldest first, and lines about stacks that couldn't be asked.

    outputs: of a stack's last update; may raise ``EngineError``. missing: which artifacts aren't in their places; None
    where nobody could look.
    """
    every = every_pinned(folder)
    gone = missing([item for items in every.values() for item in items])
    settings = {stack: read(stack) for stack in STACKS}
    deployed: dict[str, set[str]] = {}
    unknown: dict[str, list[str]] = {}
    for stack in STACKS:
        try:
            systems = outputs(stack).get("systems") or {}
            deployed[stack] = {str(each.get("release")) for each in systems.values()}
        except EngineError as error:
            unknown.setdefault(str(error), []).append(stack)
    held = {stack: dict(_held(each)) for stack, each in settings.items()}
    found = [
        Marks(
            version,
            tuple(stack for stack, each in settings.items() if each.project.version == version),
            tuple(f"{stack} {what}" for stack, each in held.items() for what, at in each.items() if at == version),
            tuple(stack for stack, versions in deployed.items() if version in versions),
            None if gone is None else tuple(item.place for item in items if item in gone),
        )
        for version, items in every.items()
    ]
    return found, [f"what {', '.join(stacks)} runs isn't known: {reason}" for reason, stacks in unknown.items()]


def _held(settings: StackSettings) -> Iterator[tuple[str, str]]:
    for system in settings.project.systems:
        if (version := settings.own_pin(system)) is not None:
            yield system, version
    for system, own in settings.by_system.items():
        for key, other in own.other_releases().items():
            yield f"{system}:{key}", other.version
