"""A stack's state as the engine exports it (``pulumi stack export``), also one that is empty or of a killed update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.urn import name_of

STACK = "pulumi:pulumi:Stack"
"""The type of the resource that stands for the stack itself, and bears its outputs."""
State = Mapping[str, Any]


def resources_of(state: State) -> Sequence[dict[str, Any]]:
    """All its resources, in the engine's order: also those that wait to be deleted."""
    found: Sequence[dict[str, Any]] = _deployment(state).get("resources") or []
    return found


def live_resources_of(state: State) -> Iterator[dict[str, Any]]:
    """Its resources, but those that wait to be deleted."""
    return (each for each in resources_of(state) if not each.get("delete"))


def resources_of_type(state: State, token: str) -> Iterator[dict[str, Any]]:
    """Its resources of one type, but those that wait to be deleted."""
    return (each for each in live_resources_of(state) if each["type"] == token)


def pending_operations_of(state: State) -> Sequence[dict[str, Any]]:
    """What an update that was killed had begun with."""
    found: Sequence[dict[str, Any]] = _deployment(state).get("pending_operations") or []
    return found


def stack_outputs_of(state: State) -> Mapping[str, Any]:
    """The stack's outputs; a secret one is its ciphertext. Empty before the first update."""
    found = (each.get("outputs") for each in resources_of(state) if each["type"] == STACK)
    return next(found, None) or {}


def outputs_of(state: State, token: str, name: str) -> Mapping[str, Any] | None:
    """The outputs of a resource by its type and its name in the program; None where there is no such resource."""
    found = (each for each in resources_of_type(state, token) if name_of(each["urn"]) == name)
    return next((each.get("outputs") or {} for each in found), None)


def _deployment(state: State) -> Mapping[str, Any]:
    return state.get("deployment") or {}
