"""What the last update left in the state, as the program sees it before it declares anything.

Read from the state itself, not from an inventory in the outputs: an update that fails among its deletes has written its
outputs already, and the stores that it failed to delete would be in none. Source: the engine's own functions
(pulumi/pkg/resource/deploy/builtins.go, ``pulumi:pulumi:readStackResourceOutputs``); every engine since 2019 has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from guard.declared import OUTPUT, SHARED, names_a_system
from guard.durable import DURABLE, Kind, look_up, physical_name
from guard.store import Store

READS = 50
"""Reads before a state that can't be read is an error; one takes some milliseconds."""
STACK = "pulumi:pulumi:Stack"
PLAN = "rollback:guard:Plan"


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
    """The outputs of every resource, by URN."""


def read_previous() -> Previous:
    """Read the stack's own state. Raises ``pulumi.RunError`` with one line where it can't be read."""
    return previous(_read(f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"))


def previous(resources: Mapping[str, Mapping[str, Any]]) -> Previous:
    """The same from what the engine tells: URN -> ``type`` and ``outputs``, which what was never read lacks."""
    told = {urn: dict(each.get("outputs") or {}) for urn, each in resources.items()}
    outputs = next((told[urn] for urn, each in resources.items() if each["type"] == STACK), {})
    systems = _systems(resources)
    own = outputs.get(OUTPUT)
    read = set(own.get("read") or ()) if isinstance(own, Mapping) else set()
    stores = {
        urn: _store(urn, each["type"], told[urn], systems)
        for urn, each in resources.items()
        if each["type"] in DURABLE and urn not in read
    }
    grouped: dict[str, set[str]] = {}
    for urn, each in resources.items():
        # The engine itself makes the stack and default providers; they come and go without the program.
        if each["type"] != PLAN and not each["type"].startswith("pulumi:"):
            grouped.setdefault(_system(urn, systems), set()).add(urn)
    plan = next((told[urn] for urn, each in resources.items() if each["type"] == PLAN), None)
    counted = {name: frozenset(urns) for name, urns in grouped.items()}
    return Previous(outputs, _owned(stores), counted, plan or None, told)


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
    kinds = ((str(each["type"]), urn.rpartition("::")[2]) for urn, each in resources.items())
    return {kind: name for kind, name in kinds if names_a_system(kind)}


def _system(urn: str, systems: Mapping[str, str]) -> str:
    top = urn.split("::")[2].partition("$")[0]
    return systems.get(top, SHARED)


def _store(urn: str, token: str, outputs: Mapping[str, Any], systems: Mapping[str, str]) -> Store:
    identity = {path: look_up(outputs, path) for path in DURABLE[token].identity}
    known = {path: value for path, value in identity.items() if value is not None}
    name = physical_name(token, outputs, str(outputs.get("id") or urn.rpartition("::")[2]))
    return Store(urn, token, name, _system(urn, systems), known)


def _owned(stores: Mapping[str, Store]) -> Mapping[str, Store]:
    """The same stores, each belt with the bucket whose name it bears."""
    buckets = {store.name: urn for urn, store in stores.items() if DURABLE[store.type].kind is Kind.BUCKET}
    return {urn: _with_owner(store, buckets) for urn, store in stores.items()}


def _with_owner(store: Store, buckets: Mapping[str, str]) -> Store:
    if DURABLE[store.type].kind is not Kind.BELT:
        return store
    return Store(store.urn, store.type, store.name, store.system, store.identity, buckets.get(store.name))
