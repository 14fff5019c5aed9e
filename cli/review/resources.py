"""Which system a resource belongs to, and the line of the program that declares it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.state import STACK, resources_of
from core.urn import name_of, type_of
from guard.declared import SHARED
from policies.checkov.resources import Source, position


@dataclass(frozen=True)
class Resources:
    """The resources of a preview or a state by URN."""

    parents: Mapping[str, str]
    sources: Mapping[str, Source]
    states: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """As the preview or the state has them."""

    def over(self, before: Resources) -> Resources:
        """These, and what only ``before`` knows of: what a preview never came to is in the state."""
        return Resources(
            {**before.parents, **self.parents}, {**before.sources, **self.sources}, {**before.states, **self.states}
        )

    def source(self, urn: str) -> Source | None:
        """The line that declares a resource, else the one that declares what it lies in."""
        here, seen = urn, {urn}
        while here not in self.sources and (above := self.parents.get(here, "")) and above not in seen:
            seen.add(above)
            here = above
        return self.sources.get(here)

    def system(self, urn: str) -> str:
        """The outermost component's name where it is a system; ``shared`` for what belongs to none."""
        here, seen = urn, {urn}
        while (above := self.parents.get(here, "")) and type_of(above) != STACK and above not in seen:
            seen.add(above)
            here = above
        return name_of(here) if ":systems:" in type_of(here) else SHARED


def of_preview(steps: Iterable[Mapping[str, Any]]) -> Resources:
    """The resources of a preview, as they will be; those that go, as they were."""
    states: dict[str, Mapping[str, Any]] = {}
    for step in steps:
        states.setdefault(str(step["urn"]), step.get("newState") or step.get("oldState") or {})
    return _resources(states)


def of_state(state: Mapping[str, Any]) -> Resources:
    """The resources of a state (``pulumi stack export``)."""
    found = resources_of(state)
    return _resources({str(each["urn"]): each for each in found})


def _resources(states: Mapping[str, Mapping[str, Any]]) -> Resources:
    sources = {urn: source for urn, state in states.items() if (source := _source(state)) is not None}
    return Resources({urn: str(state.get("parent") or "") for urn, state in states.items()}, sources, states)


def _source(state: Mapping[str, Any]) -> Source | None:
    """The innermost line of the project's own."""
    frames = [state.get("sourcePosition"), *(each.get("sourcePosition") for each in state.get("stackTrace") or ())]
    return next((found for frame in frames if frame and (found := position(str(frame)))), None)
