"""What really runs, asked of the account and the cluster themselves, beside what is pinned and what was deployed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scripts.systems import SYSTEMS, addresses
from stacks.releases import load
from stacks.selection import Selected, select
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Running:
    """One system, seen from three sides."""

    system: str
    pinned: str
    deployed: str
    runs: str
    """The release that the live artifacts belong to, or what they are instead."""
    addresses: Mapping[str, str]
    """Where it answers, by name; ``health`` is the first."""
    look: str
    """A command that shows it."""

    @property
    def release(self) -> str | None:
        """The one release whose artifacts users get; None where that can't be said."""
        return self.runs if re.fullmatch(r"v\d+\.\d+\.\d+", self.runs) else None

    @property
    def as_asked(self) -> bool:
        """Whether code and shares are what the settings ask for."""
        return self.runs == self.pinned

    @property
    def differs(self) -> bool:
        """Whether anything else runs than what is pinned."""
        return self.runs != self.pinned

    def as_dict(self) -> dict[str, Any]:
        """For machines to read."""
        return {**asdict(self), "differs": self.differs}


def look(settings: StackSettings, outputs: Mapping[str, Any]) -> list[Running]:
    """The deployed systems of a stack. Raises what boto3 and the Kubernetes client raise."""
    deployed = outputs.get("systems") or {}
    return [_look_at(chosen, deployed[name], settings) for name, chosen in select(settings).items() if name in deployed]


def stand(settings: StackSettings, outputs: Mapping[str, Any]) -> list[str]:
    """Per deployed system, where a failed update has left it, as one line. Raises as ``look`` does."""
    deployed = outputs.get("systems") or {}
    wanted = select(settings)
    return [f"{name} {_where(chosen, deployed[name], settings)}" for name, chosen in wanted.items() if name in deployed]


def _where(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> str:
    system, old = SYSTEMS[chosen.system], str(told["release"])
    if (runs := system.runs(chosen, told, settings.region)) == chosen.version:
        return f"runs {chosen.version}"
    earlier = load(old).systems.named().get(chosen.system)
    if earlier is not None and system.runs(replace(chosen, version=old, release=earlier), told, settings.region) == old:
        return f"still runs {old}"
    return f"is between {old} and {chosen.version}: {runs}"


def _look_at(chosen: Selected, told: Mapping[str, Any], settings: StackSettings) -> Running:
    system = SYSTEMS[chosen.system]
    runs = system.runs(chosen, told, settings.region)
    return Running(
        chosen.system,
        chosen.version,
        str(told["release"]),
        runs,
        addresses(system, told, settings.region),
        system.look(told),
    )
