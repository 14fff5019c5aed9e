"""The durable stores in a stack's state, and how each is guarded there (``pulumi stack export``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from guard.durable import HOOK, is_durable, physical_name
from guard.durable import durable as durable_type
from stacks.model import Model


class Guarded(Model):
    """One durable store as the state has it."""

    urn: str
    type: str
    name: str
    """The physical name."""
    id: str
    parent: str = ""
    """The parent's URN: the store itself, where this is a belt."""
    protected: bool
    retained: bool
    hooked: bool

    @property
    def lacks(self) -> list[str]:
        """What of the guard is missing."""
        found = {"protection": self.protected, "retention": self.retained, "delete hook": self.hooked}
        holds = durable_type(self.type)
        wanted = ["delete hook"] if holds and holds.approval_only else list(found)
        return [name for name in wanted if not found[name]]


def durable(state: Mapping[str, Any]) -> dict[str, Guarded]:
    """The durable stores of a state by URN. What is only read belongs to somebody else."""
    return {
        str(each["urn"]): Guarded(
            urn=each["urn"],
            type=each["type"],
            name=physical_name(each["type"], each.get("inputs"), each.get("id")),
            id=str(each.get("id") or ""),
            parent=str(each.get("parent") or ""),
            protected=bool(each.get("protect")),
            retained=bool(each.get("retainOnDelete")),
            hooked=HOOK in ((each.get("resourceHooks") or {}).get("BeforeDelete") or ()),
        )
        for each in resources(state)
        if each.get("custom", True) and is_durable(each["type"]) and not each.get("external") and not each.get("delete")
    }


def resources(state: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The resources of a state."""
    found: Iterable[Mapping[str, Any]] = (state.get("deployment") or {}).get("resources") or []
    return found


def digest(state: Mapping[str, Any]) -> str:
    """What changes when somebody edits the state: SHA-256 over which resources there are and how they are guarded.

    Inputs and outputs aren't part of it: every write encrypts secrets anew.
    """
    kept = sorted(
        json.dumps([each["urn"], *(each.get(key) for key in ("id", "protect", "retainOnDelete", "delete"))])
        for each in resources(state)
    )
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()
