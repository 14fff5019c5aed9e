"""What a program declares, noted while it declares it: every resource by URN, durable stores with what makes them one.

It is compared with what the last update left (``guard.previous``). URNs are put together here, since the engine's own
answer would come only after a resource was updated, which is too late to refuse.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import _types

from core import project
from guard.aliases import Address, former
from guard.casing import to_camel
from guard.durable import Durable, Kind, durable, look_up, physical_name
from guard.in_place import declared_values, may_lose
from guard.location import PROVIDER, Location, Provider, declared_provider, default_provider, is_kubernetes
from guard.store import Store

OUTPUT = "guard"
"""The stack's output that the guard keeps for the next update."""
SHARED = "shared"
"""The system of what belongs to none: providers, the account, the stack itself."""
NAMES = ("name", "functionName", "bucket", "identifier", "clusterIdentifier", "metadata.name")
"""Inputs that are the physical name of a resource of any type: another one makes the provider replace it."""


@dataclass(frozen=True)
class Place:
    """Where a resource stands."""

    address: Address
    system: str
    former: frozenset[Address] = frozenset()
    """What it may have been called before, by aliases."""
    transformed: bool = False
    """Whether the engine hands it to transforms of the program, which could undo what the guard did."""

    @property
    def urn(self) -> str:
        """Its URN."""
        return self.address.urn

    @property
    def types(self) -> tuple[str, ...]:
        """The types from the topmost component down to its own."""
        return self.address.types


@dataclass(frozen=True)
class Given:
    """What the program gives one resource."""

    token: str
    props: Any
    """As a transformation sees them, Outputs among them."""
    ignored: tuple[str, ...]
    """The inputs whose changes the engine ignores."""
    location: Location

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs as plain data (``guard.in_place.declared_values``)."""
        return declared_values(self.props)


@dataclass
class Declared:
    """Everything that was declared so far."""

    stores: dict[str, Store] = field(default_factory=dict)
    urns: set[str] = field(default_factory=set)
    read: dict[str, str | None] = field(default_factory=dict)
    """The URNs of durable types, and of what may change a store, that the program only reads: somebody else's; with the
    id that it reads each by, where that is known."""
    unlocked: set[str] = field(default_factory=set)
    """The URNs of stores that may go, so that this update takes their protection and retention off."""
    former: dict[str, str] = field(default_factory=dict)
    """A URN that something had before, by an alias -> the URN that it has now."""
    earlier: dict[str, list[str]] = field(default_factory=dict)
    """The same the other way round: a URN -> those that it may have had before."""
    names: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By URN: the inputs that are physical names, of resources of every type."""
    given: dict[str, Given] = field(default_factory=dict)
    """By URN: what the program gives stores, and what may lose the data of another one by a change in place."""
    providers: dict[str, Provider] = field(default_factory=dict)
    """The providers that the program declares, by URN."""
    foreign: dict[str, str] = field(default_factory=dict)
    """A store's URN -> the URN of its provider, where only that tells where the store lies."""
    transforms: list[object] = field(default_factory=list)
    """What resources have as the option ``transforms``."""
    components: set[str] = field(default_factory=set)
    """The URNs of components, which hold nothing themselves."""
    places: dict[pulumi.Resource, Place] = field(default_factory=dict)
    resources: dict[str, pulumi.Resource] = field(default_factory=dict)
    """What was declared, as the SDK has it, by URN."""
    parents: dict[str, str] = field(default_factory=dict)
    """URN -> the URN of what it lies in."""

    def note(self, resource: pulumi.Resource, token: str, name: str, props: Any, opts: pulumi.ResourceOptions) -> str:
        """Note a resource that is about to be registered; its URN."""
        place = self.places[resource] = self._place(token, name, opts)
        address = place.urn
        self.urns.add(address)
        self.resources[address] = resource
        self.transforms += opts.transforms or ()
        for each in place.former:
            if each.urn != address:
                self.former[each.urn] = address
                self.earlier.setdefault(address, []).append(each.urn)
        if token.startswith(PROVIDER):
            self.providers[address] = declared_provider(address, token, props)
        texts = _texts(props)
        if names := physical_names(texts):
            self.names[address] = names
        if opts.parent in self.places:
            self.parents[address] = self.places[opts.parent].urn
        if isinstance(resource, pulumi.ComponentResource):
            self.components.add(address)
        holds = durable(token) if isinstance(resource, pulumi.CustomResource) else None
        beside = holds is None and isinstance(resource, pulumi.CustomResource) and may_lose(token)
        if (holds is not None or beside) and opts.id is not None:
            self.read[address] = opts.id if isinstance(opts.id, str) else None
        elif holds is not None:
            self._note_store(place, token, name, props, opts, holds)
            self._note_given(address, token, props, opts, self.stores[address].location)
        elif beside:
            self._note_given(address, token, props, opts, self.provider_of(token, opts).location(token, texts))
        return address

    def _note_given(self, urn: str, token: str, props: Any, opts: pulumi.ResourceOptions, where: Location) -> None:
        self.given[urn] = Given(token, props, tuple(opts.ignore_changes or ()), where)

    @property
    def remote(self) -> set[str]:
        """The components of packages, made in another process: what lies in them the program doesn't see."""
        # The SDK says so only after it has registered one.
        return {urn for urn in self.components if getattr(self.resources[urn], "_remote", False)}

    def components_of(self, urn: str) -> Iterator[str]:
        """The components that something lies in, the nearest first."""
        above = self.parents.get(urn)
        while above is not None:
            if above in self.components:
                yield above
            above = self.parents.get(above)

    def known_as(self, urn: str, state: Container[str]) -> str | None:
        """The URN by which a state knows what is declared with this one: the same, or one of before."""
        return next((each for each in (urn, *self.earlier.get(urn, ())) if each in state), None)

    def is_declared(self, urn: str) -> bool:
        """Whether the program declares what a state has under a URN."""
        return urn in self.urns or urn in self.former

    def _note_store(
        self,
        place: Place,
        token: str,
        name: str,
        props: Any,
        opts: pulumi.ResourceOptions,
        holds: Durable,
    ) -> None:
        inputs = _inputs(props)
        identity = {path: look_up(inputs, path) for path in holds.identity}
        provider = self.provider_of(token, opts)
        self.stores[place.urn] = Store(
            place.urn,
            token,
            physical_name(token, inputs, name),
            place.system,
            {path: value for path, value in identity.items() if value is not None},
            provider.location(token, inputs),
            self._owner(opts.parent) if holds.kind is Kind.BELT else None,
            frozenset(holds.identity) - {to_camel(str(key)) for key, value in props.items() if value is not None},
        )
        if provider.urn is not None and (is_kubernetes(token) or provider.credentials):
            self.foreign[place.urn] = provider.urn

    def provider_of(self, token: str, opts: pulumi.ResourceOptions) -> Provider:
        """The provider that a resource is going to have: its own, one that it inherits, or the stack's default."""
        package = token.partition(":")[0]
        own = opts.provider if opts.provider is not None and opts.provider.package == package else None
        chosen = own or _listed(opts.providers, package)
        if chosen is None and opts.parent is not None:
            chosen = opts.parent.get_provider(token)
        if chosen is None:
            return default_provider(token)
        place = self.places.get(chosen)
        if place is not None and place.urn in self.providers:
            return self.providers[place.urn]
        return Provider(urn=str(getattr(chosen, "_name", "")), unknown="its provider was declared before the guard")

    def _place(self, token: str, name: str, opts: pulumi.ResourceOptions) -> Place:
        above = self.places.get(opts.parent) if opts.parent is not None else None
        system = above.system if above else name if names_a_system(token) else SHARED
        types = (*above.types, token) if above else (token,)
        parent = above.address if above else None
        known = {resource: place.address for resource, place in self.places.items()} if opts.aliases else {}
        earlier = former(token, name, opts.aliases or (), parent, above.former if above else (), known)
        transformed = bool(opts.transforms) or (above is not None and above.transformed)
        return Place(Address(types, name), system, earlier, transformed)

    def _owner(self, parent: pulumi.Resource | None) -> str | None:
        place = self.places.get(parent) if parent is not None else None
        return place.urn if place and place.urn in self.stores else None


def names_a_system(token: str) -> bool:
    """Whether a topmost component of this type is a system, which its name then names."""
    return project.current().is_system(token)


def physical_names(values: Mapping[str, Any]) -> Mapping[str, str]:
    """What of a resource's inputs or outputs is its physical name, by path."""
    found = {path: look_up(values, path) for path in NAMES}
    return {path: value for path, value in found.items() if isinstance(value, str)}


def _texts(props: Any) -> dict[str, Any]:
    """The texts among a resource's inputs, and its metadata: an eighth of the time that all of them take."""
    plain = {to_camel(str(key)): value for key, value in dict(props or {}).items() if isinstance(value, str)}
    metadata = dict(props or {}).get("metadata")
    return plain if metadata is None else {**plain, "metadata": _plain(metadata)}


def _listed(providers: Any, package: str) -> pulumi.ProviderResource | None:
    """The provider of a package in the option ``providers``, which is a mapping or a sequence."""
    every = providers.values() if isinstance(providers, Mapping) else providers or ()
    return next((each for each in every if each.package == package), None)


def _inputs(props: Any) -> dict[str, Any]:
    """The top of a resource's inputs as the engine names them; values that are known only later are None."""
    return {to_camel(str(key)): _plain(value) for key, value in dict(props or {}).items()}


def _plain(value: Any) -> Any:
    if _types.is_input_type(type(value)):
        return _inputs(_types.input_type_to_untranslated_dict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) else None
