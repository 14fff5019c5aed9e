"""What a policy looks at: one resource, or all of a stack, as plain data in which unknown values are ``UNKNOWN``.

In a preview, what only an update will tell is unknown. ``pulumi_policy`` ends a policy that touches such a value;
here it is a value of its own, and every check gives it the benefit of the doubt: the update runs the resource
policies again, each with the values known, before it makes the resource.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from core.state import STACK


class Unknown:
    """The type of ``UNKNOWN``."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""A value that only an update will tell."""


def known(value: object) -> bool:
    """Whether there is a value, and it is known."""
    return value is not None and value is not UNKNOWN


def dig(value: object, path: str) -> Any:
    """The value at a path with dots; None where there is none, ``UNKNOWN`` where that can't be known."""
    for part in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def items(value: object) -> list[Any]:
    """The items of a list; none where it is missing, one unknown where it is unknown; a lone value is its own list."""
    if value is None:
        return []
    if isinstance(value, str | Mapping | Unknown) or not isinstance(value, Iterable):
        return [value]
    return list(value)


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource: its inputs before it is made, its outputs when a whole stack is looked at."""

    type: str
    name: str
    urn: str
    given: Any = field(default_factory=dict)
    """The properties as they came: a mapping, or what ``read`` makes one of."""
    protect: bool = False
    delete_before_replace: bool | None = None
    ignore_changes: Sequence[str] = ()
    """Properties whose changes the engine ignores."""
    parent: str | None = None
    """A URN."""
    custom: bool = True
    """Whether it has a provider; a component has none."""
    dependencies: Sequence[str] = ()
    """URNs, in any property or by ``depends_on``."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Property -> URNs of the resources that its value comes from: known in a preview, when the value isn't."""
    read: Callable[[Any], Any] = lambda given: given
    """Makes plain data of what was given."""

    @cached_property
    def props(self) -> Mapping[str, Any]:
        """The properties as plain data, made when the first check looks at them."""
        found: Mapping[str, Any] = self.read(self.given)
        return found

    def get(self, path: str) -> Any:
        """A property by its path with dots; None where there is none."""
        return dig(self.props, path)

    @property
    def physical_name(self) -> str | None:
        """What the resource is called in the account or cluster, where that is known."""
        for path in ("name", "bucket", "identifier", "metadata.name", "deploymentGroupName"):
            if isinstance(found := self.get(path), str):
                return found
        return None


class Stack:
    """All resources of a stack, with the indexes that checks need: each is made once, in one pass."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)

    @cached_property
    def _by_urn(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def _by_type(self) -> Mapping[str, Sequence[Resource]]:
        found: defaultdict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.type].append(resource)
        return found

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of some types."""
        for kind in types:
            yield from self._by_type.get(kind, ())

    def find(self, urns: Iterable[str], *types: str) -> list[Resource]:
        """The resources behind URNs that are of some types."""
        found = (self._by_urn.get(urn) for urn in urns)
        return [each for each in found if each is not None and each.type in types]

    def sources(self, resource: Resource, path: str, *types: str) -> list[Resource]:
        """Where a property's value comes from, as far as it comes from resources of some types."""
        return self.find(resource.sources.get(path.partition(".")[0], ()), *types)

    def system(self, resource: Resource) -> str:
        """The system that a resource belongs to: its tag ``system``, or the outermost component that holds it."""
        if isinstance(tag := resource.get("tags.system"), str):
            return tag
        here = resource
        while here.parent and (above := self._by_urn.get(here.parent)) is not None and above.type != STACK:
            here = above
        return here.name
