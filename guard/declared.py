"""What a program declares, noted while it declares it: every resource by URN, durable stores with what makes them one.

It is compared with what the last update left (``guard.previous``). URNs are put together here, since the engine's own
answer would come only after a resource was updated, which is too late to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import _types
from pydantic.alias_generators import to_camel

from guard.durable import DURABLE, Kind, look_up, physical_name
from guard.store import Store

OUTPUT = "guard"
"""The stack's output that the guard keeps for the next update."""
SHARED = "shared"
"""The system of what belongs to none: providers, the account, the stack itself."""


@dataclass(frozen=True)
class Place:
    """Where a resource stands."""

    urn: str
    types: tuple[str, ...]
    """The types from the topmost component down to its own."""
    system: str


@dataclass
class Declared:
    """Everything that was declared so far."""

    stores: dict[str, Store] = field(default_factory=dict)
    urns: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    """The URNs of durable types that the program only reads: somebody else's stores."""
    places: dict[pulumi.Resource, Place] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    """URN -> the URN of what it lies in."""

    def note(self, resource: pulumi.Resource, token: str, name: str, props: Any, opts: pulumi.ResourceOptions) -> str:
        """Note a resource that is about to be registered; its URN."""
        place = self.places[resource] = self._place(token, name, opts.parent)
        address = place.urn
        self.urns.add(address)
        if opts.parent in self.places:
            self.parents[address] = self.places[opts.parent].urn
        if token in DURABLE and opts.id is not None:
            self.read.add(address)
        elif token in DURABLE:
            inputs = _inputs(props)
            identity = {path: look_up(inputs, path) for path in DURABLE[token].identity}
            known = {path: value for path, value in identity.items() if value is not None}
            self.stores[address] = Store(
                address,
                token,
                physical_name(token, inputs, name),
                place.system,
                known,
                self._owner(opts.parent) if DURABLE[token].kind is Kind.BELT else None,
            )
        return address

    def _place(self, token: str, name: str, parent: pulumi.Resource | None) -> Place:
        above = self.places.get(parent) if parent is not None else None
        types = (*above.types, token) if above else (token,)
        system = above.system if above else name if names_a_system(token) else SHARED
        return Place(urn(types, name), types, system)

    def _owner(self, parent: pulumi.Resource | None) -> str | None:
        place = self.places.get(parent) if parent is not None else None
        return place.urn if place and place.urn in self.stores else None


def urn(types: Sequence[str], name: str) -> str:
    """The URN that the engine gives a resource (Pulumi documentation, "Resource names: URNs")."""
    return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{'$'.join(types)}::{name}"


def names_a_system(token: str) -> bool:
    """Whether a topmost component of this type is a system, which its name then names."""
    return ":systems:" in token


def _inputs(props: Any) -> dict[str, Any]:
    """The top of a resource's inputs as the engine names them; values that are known only later are left out."""
    return {to_camel(str(key)): _plain(value) for key, value in dict(props or {}).items()}


def _plain(value: Any) -> Any:
    if _types.is_input_type(type(value)):
        return _inputs(_types.input_type_to_untranslated_dict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    return value if isinstance(value, str | int | float | bool) else None
