"""What a companion stands beside: a bucket's lifecycle, a stream's consumer, a function's retries.

Programs name it as Pulumi has it: by an Output of the resource, by its physical name, or as its parent. While the
program is declared an Output has no value yet, so the resource is found by the very Output; hooks know every value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from core.urn import type_of
from guard.declared import Declared, Given
from guard.fate import answered
from guard.in_place.companions import BUCKETS, COMPANIONS, Link, names
from guard.in_place.values import member
from guard.location import Location
from guard.previous import Previous


@dataclass(frozen=True)
class Beside:
    """What a companion stands beside."""

    target: str | None = None
    """Its URN; None for something that neither the program nor its state has: somebody else's."""
    there: bool = False
    """It was there before this update, so that it has something to lose."""


@dataclass(frozen=True)
class Links:
    """Finds what the companions of a program stand beside."""

    before: Previous
    declared: Declared

    def told(self, urn: str) -> Beside:
        """The same for what the program declares, as far as it is known while it is declared."""
        given = self.declared.given[urn]
        link = COMPANIONS.get(given.token)
        if link is None:
            return Beside()
        value = _value(given, link)
        if isinstance(value, str):
            return self.named(link, value, given.location)
        owner = self._owner(value, link) if isinstance(value, pulumi.Output) else None
        above = owner or self._parent(urn, link)
        return Beside() if above is None else self._known(above)

    async def asked(self, urn: str, inputs: Mapping[str, Any]) -> Beside:
        """The same for the hook of a change, which has the inputs as the provider will get them."""
        given = self.declared.given.get(urn)
        link = COMPANIONS.get(given.token) if given is not None else None
        if given is None or link is None:
            return Beside()
        text = inputs.get(link.input)
        found = self.named(link, text, given.location) if isinstance(text, str) else None
        if found is not None and found.target is not None:
            return found
        value = _value(given, link)
        sources = await _sources(value) if isinstance(value, pulumi.Output) else []
        for resource in sources:
            place = self.declared.places.get(resource)
            if place is not None and (not link.targets or place.types[-1] in link.targets):
                return self._known(place.urn)
        return found or self.told(urn)

    def left(self, token: str, outputs: Mapping[str, Any], location: Location) -> Beside:
        """The same for a companion of the last update."""
        link = COMPANIONS.get(token)
        text = outputs.get(link.input) if link is not None else None
        return self.named(link, text, location) if link is not None and isinstance(text, str) else Beside(there=True)

    def has_moved(self, urn: str, outputs: Mapping[str, Any], before: Beside) -> bool:
        """Whether a companion is known to stand beside something else now. ``before``: what it stood beside."""
        given = self.declared.given[urn]
        link = COMPANIONS.get(given.token)
        if link is None:
            return False
        now, value = self.told(urn).target, _value(given, link)
        if now is not None and before.target is not None:
            return now != before.target
        return isinstance(value, str) and isinstance(outputs.get(link.input), str) and value != outputs[link.input]

    def named(self, link: Link, text: str, location: Location) -> Beside:
        """What a companion in a place means by a name, an ARN or a URL."""
        for urn, token in self.before.types.items():
            outputs = self.before.resources.get(urn) or {}
            if names(link, text, token, outputs) and not self._elsewhere(link, urn, outputs, location):
                return Beside(self.declared.former.get(urn, urn), there=True)
        for urn, known in self.declared.names.items():
            if (
                type_of(urn) in link.targets
                and text in known.values()
                and not self._declared_apart(link, urn, location)
            ):
                return self._known(urn)
        return Beside(there=True)

    def _known(self, urn: str) -> Beside:
        there = self.declared.known_as(urn, self.before.types) is not None or urn in self.declared.read
        return Beside(urn, there)

    def _elsewhere(self, link: Link, urn: str, outputs: Mapping[str, Any], location: Location) -> bool:
        return _apart(link, self.before.located(urn, outputs, self.declared.providers).location, location)

    def _declared_apart(self, link: Link, urn: str, location: Location) -> bool:
        store = self.declared.stores.get(urn)
        return store is not None and _apart(link, store.location, location)

    def _owner(self, value: pulumi.Output[Any], link: Link) -> str | None:
        """The resource whose very Output it is; what was made of one by `apply` only hooks can tell."""
        for urn, resource in self.declared.resources.items():
            fits = not link.targets or self.declared.places[resource].types[-1] in link.targets
            if fits and any(each is value for each in vars(resource).values()):
                return urn
        return None

    def _parent(self, urn: str, link: Link) -> str | None:
        above = self.declared.parents.get(urn)
        fits = above in self.declared.stores and (not link.targets or self.declared.stores[above].type in link.targets)
        return above if fits else None


def _value(given: Given, link: Link) -> Any:
    return member(dict(given.props or {}), link.input)


async def _sources(value: pulumi.Output[Any]) -> list[pulumi.Resource]:
    """The resources that an Output comes from; none where the engine hasn't answered for them yet."""
    found = await answered(value.resources())
    return sorted(found or (), key=lambda each: each.pulumi_resource_name)


def _apart(link: Link, one: Location, other: Location) -> bool:
    """Whether two places are known to be two. The name of a bucket tells it wherever it is named."""
    return link.targets != BUCKETS and bool(one.region and other.region and one.region != other.region)
