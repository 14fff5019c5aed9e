"""What the last update left in the state, as the program sees it before it declares anything.

Read from the state itself, not from an inventory in the outputs: an update that fails among its deletes has written its
outputs already, and the stores that it failed to delete would be in none. Source: the engine's own functions
(pulumi/pkg/resource/deploy/builtins.go, ``pulumi:pulumi:readStackResourceOutputs``); every engine since 2019 has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from core.state import STACK
from core.urn import name_of, type_of, types_of
from guard.declared import OUTPUT, SHARED, names_a_system
from guard.durable import Kind, durable, in_package, is_durable, look_up, packages, physical_name
from guard.location import PROVIDER, Provider, default_provider, is_kubernetes, observed
from guard.marks import PLAN
from guard.store import Store

READS = 50
"""Reads before a state that can't be read is an error; one takes some milliseconds."""


@dataclass(frozen=True)
class Previous:
    """The stack as the last update left it; empty before the first one."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    """The stack's outputs."""
    stores: Mapping[str, Store] = field(default_factory=dict)
    """The durable stores by URN, without those that the program only read."""
    systems: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """System -> the URNs of its resources."""
    plan: Mapping[str, Any] | None = None
    """What the last plan told."""
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """URN -> the outputs of every resource."""
    types: Mapping[str, str] = field(default_factory=dict)
    """URN -> the type of every resource."""
    read: frozenset[str] = frozenset()
    """The URNs of what the program only read: somebody else's."""
    unlocked: frozenset[str] = frozenset()
    """The URNs of stores whose protection, retention and own locks the last update took off, because they may go."""
    remote: frozenset[str] = frozenset()
    """The URNs of components of a package, as the last program noted them."""
    foreign: Mapping[str, str] = field(default_factory=dict)
    """A store's URN -> the URN of its provider, where only that tells where the store lies (``Declared.foreign``)."""

    @property
    def noted(self) -> bool:
        """Whether any update has come to its end and noted what it only read."""
        return OUTPUT in self.outputs

    @property
    def several_clusters(self) -> bool:
        """Whether the state has several Kubernetes providers, so that a resource alone tells no cluster."""
        return sum(kind == f"{PROVIDER}kubernetes" for kind in self.types.values()) > 1

    def located(self, urn: str, outputs: Mapping[str, Any], declared: Mapping[str, Provider]) -> Store:
        """A store of the last update, and where it lies. ``declared``: the providers that the program declares now.

        The engine doesn't tell a program which provider a resource of the state has, so where the outputs don't tell
        enough, the last program has noted it, and the provider has to be declared still.
        """
        token = self.types.get(urn) or type_of(urn)
        provider = declared.get(self.foreign.get(urn, ""), self._provider(urn, token))
        named = self.stores.get(urn)
        store = named or _store(urn, token, outputs, {})
        return replace(store, location=observed(token, outputs, provider))

    def _provider(self, urn: str, token: str) -> Provider:
        if urn in self.foreign:
            gone = self.foreign[urn]
            said = f"its provider {gone.rpartition('::')[2]} isn't declared any more" if is_kubernetes(token) else None
            return Provider(urn=gone, credentials=gone, unknown=said)
        if is_kubernetes(token) and self.several_clusters:
            return Provider(unknown="the state has several Kubernetes providers, and no note of which one is its own")
        return default_provider(token)


def read_previous() -> Previous:
    """Read the stack's own state. Raises ``pulumi.RunError`` with one line where it can't be read."""
    return previous(_read(f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"))


def previous(resources: Mapping[str, Mapping[str, Any]]) -> Previous:
    """The same from what the engine tells: URN -> ``type`` and ``outputs``, which what was never read lacks."""
    told = {urn: dict(each.get("outputs") or {}) for urn, each in resources.items()}
    outputs = next((told[urn] for urn, each in resources.items() if each["type"] == STACK), {})
    systems = _systems(resources)
    noted = outputs.get(OUTPUT)
    noted = noted if isinstance(noted, Mapping) else {}
    read = frozenset(urn for urn in _texts(noted.get("read")) if urn in resources)
    known = packages(str(each["type"]) for each in resources.values())
    remote = frozenset(urn for urn in _texts(noted.get("remote")) if urn in resources)
    stores = {
        urn: _store(urn, each["type"], told[urn], systems)
        for urn, each in resources.items()
        if is_durable(each["type"])
        and in_package(each["type"], known)
        and urn not in read
        and not _is_component(urn, str(each["type"]), told[urn], remote)
    }
    grouped: dict[str, set[str]] = {}
    for urn, each in resources.items():
        # The engine itself makes the stack and default providers; they come and go without the program.
        if each["type"] != PLAN and not each["type"].startswith("pulumi:"):
            grouped.setdefault(_system(urn, systems), set()).add(urn)
    unlocked = frozenset(_texts(noted.get("unlocked")))
    plan = next((told[urn] for urn, each in resources.items() if each["type"] == PLAN), None)
    foreign = noted.get("providers")
    return Previous(
        outputs,
        _owned(stores),
        {name: frozenset(urns) for name, urns in grouped.items()},
        plan or None,
        told,
        {urn: str(each["type"]) for urn, each in resources.items()},
        read,
        unlocked,
        remote,
        {str(urn): str(its) for urn, its in foreign.items()} if isinstance(foreign, Mapping) else {},
    )


def above(urn: str, components: Iterable[str]) -> list[str]:
    """The components that a resource may lie in: a URN has the types of what lies above it, and not their names."""
    types = types_of(urn)
    return [each for each in components if types.startswith(f"{types_of(each)}$")]


def _is_component(urn: str, token: str, outputs: Mapping[str, Any], remote: frozenset[str]) -> bool:
    """Whether a resource of the state is a component of a package, or one that lies in one.

    The engine tells a program no more than types and outputs. A custom resource of a reviewed package is known by its
    type, one of another by its id.
    """
    nested = not token.startswith(("aws:", "kubernetes:")) and "id" not in outputs
    return urn in remote or (nested and bool(above(urn, remote)))


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list | tuple) else []


def _read(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The engine's answer. A StackReference would itself be a resource, and every refresh would report it as drift.

    The engine writes this very state while the program reads it, and a backend of files doesn't keep the two apart:
    once in some hundred updates the read ended in "failed to load checkpoint: EOF", because the file's attributes were
    being written (pulumi 3.250.0, gocloud.dev/blob/fileblob).
    """
    said = ""
    for _ in range(READS):
        try:
            answer = pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": name}).value
        except Exception as error:  # a call that fails raises nothing more special
            said = " ".join(str(error).split())
            if "failed to load checkpoint" not in said:
                break
        else:
            return answer.get("outputs") or {}
    raise pulumi.RunError(said)


def _systems(resources: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    """The type of a system's component -> the system."""
    kinds = ((str(each["type"]), name_of(urn)) for urn, each in resources.items())
    return {kind: name for kind, name in kinds if names_a_system(kind)}


def _system(urn: str, systems: Mapping[str, str]) -> str:
    top = types_of(urn).partition("$")[0]
    return systems.get(top, SHARED)


def _store(urn: str, token: str, outputs: Mapping[str, Any], systems: Mapping[str, str]) -> Store:
    holds = durable(token)
    identity = {path: look_up(outputs, path) for path in (holds.identity if holds else ())}
    known = {path: value for path, value in identity.items() if value is not None}
    name = physical_name(token, outputs, str(outputs.get("id") or name_of(urn)))
    return Store(urn, token, name, _system(urn, systems), known)


def _owned(stores: Mapping[str, Store]) -> Mapping[str, Store]:
    """The same stores, each belt with the bucket whose name it bears."""
    buckets = {store.name: urn for urn, store in stores.items() if _kind(store) is Kind.BUCKET}
    return {urn: _with_owner(store, buckets) for urn, store in stores.items()}


def _with_owner(store: Store, buckets: Mapping[str, str]) -> Store:
    if _kind(store) is not Kind.BELT:
        return store
    return replace(store, owner=buckets.get(store.name))


def _kind(store: Store) -> Kind | None:
    holds = durable(store.type)
    return holds.kind if holds else None
