"""The state of a stack: what was under way in it, and what becomes of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.state import pending_operations_of, resources_of
from core.urn import provider_urn


def pending_creations(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources whose creation was under way, as the state notes them."""
    operations = pending_operations_of(state)
    return [operation["resource"] for operation in operations if operation["type"] == "creating"]


def live(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources that the state knows to exist: not those that were deleted to make room for their successors."""
    return [
        resource
        for resource in resources_of(state)
        if resource.get("custom") and resource.get("id") and not resource.get("pendingReplacement")
    ]


def settled(state: Mapping[str, Any], found: Mapping[str, str]) -> dict[str, Any]:
    """The same state with no operation noted as under way, and with the resources that exist (``found``: URN -> id).

    Such a resource has inputs and an id, but no outputs: a refresh reads them, and gives it the id that its provider
    knows it by, which an import id may not be (``api/resource``). Outputs that the engine had noted in the instant
    before it was killed go, or the resource would count as read and keep the import id.

    Where it was about to replace another, it takes that one's place; the other one stays to be deleted, unless it
    already was.
    """
    deployment = {name: value for name, value in state["deployment"].items() if name != "pending_operations"}
    resources = list(deployment.get("resources") or [])
    for pending in pending_creations(state):
        if pending["urn"] in found:
            taken = {name: value for name, value in pending.items() if name != "outputs"}
            place(resources, {**taken, "id": found[pending["urn"]]})
    return {**state, "deployment": {**deployment, "resources": resources}}


def unread(state: Mapping[str, Any]) -> list[str]:
    """The URNs of resources that were taken into the state and not read yet."""
    return [
        str(resource["urn"])
        for resource in state["deployment"].get("resources") or []
        if resource.get("custom") and resource.get("id") and not resource.get("outputs") and not _provider(resource)
    ]


def _provider(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("pulumi:providers:")


def place(resources: list[dict[str, Any]], new: dict[str, Any]) -> None:
    """Put a resource after everything that it depends on, and where its predecessor was."""
    needed = {new.get("parent"), provider_urn(new.get("provider")), *(new.get("dependencies") or [])}
    last = max((number for number, each in enumerate(resources) if each["urn"] in needed), default=-1)
    old = next((number for number, each in enumerate(resources) if each["urn"] == new["urn"]), None)
    if old is None:
        resources.append(new)
        return
    predecessor = resources.pop(old)
    at = max(old, last + (0 if last > old else 1))
    resources.insert(at, new)
    if not predecessor.get("pendingReplacement"):
        resources.insert(at + 1, {**predecessor, "delete": True})
