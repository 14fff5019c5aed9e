"""The durable stores in a stack's state, and how each is guarded there (``pulumi stack export``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.model import Model
from core.state import live_resources_of, resources_of
from core.urn import provider_urn, stack_of
from guard.durable import HOOK, is_durable, look_up, physical_name
from guard.durable import durable as durable_type

CLUSTER = "kubernetes:"
STACK = "pulumi:pulumi:Stack"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
"""Its ARN ends in six characters of the service's own: a secret made anew under the same name has others."""
INSTANCE = ("metadata.uid", "resourceId", "clusterResourceId")
"""Outputs by which a service tells a store from one that has the same name later."""


class Guarded(Model):
    """One durable store as the state has it. What older entries of the ledger don't tell is empty."""

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
    place: str = ""
    """Account and region, or provider and namespace."""
    arn: str = ""
    instance: str = ""
    """What the service calls this very store and will call no other."""
    created: str = ""
    """When the engine made or imported it, as the state says."""

    @property
    def stack(self) -> str:
        """The stack that declares it, as its URN says."""
        return stack_of(self.urn)

    @property
    def lacks(self) -> list[str]:
        """What of the guard is missing."""
        found = {"protection": self.protected, "retention": self.retained, "delete hook": self.hooked}
        holds = durable_type(self.type)
        wanted = ["delete hook"] if holds and holds.approval_only else list(found)
        return [name for name in wanted if not found[name]]

    def is_same(self, other: Guarded) -> bool:
        """Whether both are known to be one physical store."""
        if self.type != other.type:
            return False
        if self.instance and other.instance:
            return self.instance == other.instance
        return self.name == other.name and bool(self.place) and self.place == other.place

    def is_another(self, other: Guarded) -> bool:
        """Whether both are known to be two physical stores. A store that can be renamed is known by its instance."""
        if self.instance and other.instance:
            return self.instance != other.instance
        pairs = ((self.name, other.name), (self.id, other.id), (self.arn, other.arn), (self.place, other.place))
        return any(one != two for one, two in pairs if one and two)


def durable(state: Mapping[str, Any]) -> dict[str, Guarded]:
    """The durable stores of a state by URN. What is only read belongs to somebody else."""
    regions = _regions(state)
    return {
        str(each["urn"]): _guarded(each, regions)
        for each in resources_of(state)
        if each.get("custom", True) and is_durable(each["type"]) and not each.get("external") and not each.get("delete")
    }


def others(state: Mapping[str, Any]) -> dict[str, str]:
    """What a state has beside durable stores, by URN: the id that its provider knows it by; empty for a component."""
    stores = durable(state)
    return {
        str(each["urn"]): str(each.get("id") or "")
        for each in live_resources_of(state)
        if each["urn"] not in stores and each["type"] != STACK and not each.get("external")
    }


def digest(state: Mapping[str, Any]) -> str:
    """What changes when somebody edits the state: SHA-256 over which resources there are and how they are guarded.

    Inputs and outputs aren't part of it: every write encrypts secrets anew.
    """
    kept = sorted(
        json.dumps([each["urn"], *(each.get(key) for key in ("id", "protect", "retainOnDelete", "delete"))])
        for each in resources_of(state)
    )
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()


def _guarded(resource: Mapping[str, Any], regions: Mapping[str, str]) -> Guarded:
    token, identifier = str(resource["type"]), str(resource.get("id") or "")
    name = physical_name(token, resource.get("inputs"), identifier)
    return Guarded(
        urn=resource["urn"],
        type=token,
        name=name,
        id=identifier,
        parent=str(resource.get("parent") or ""),
        protected=bool(resource.get("protect")),
        retained=bool(resource.get("retainOnDelete")),
        hooked=HOOK in ((resource.get("resourceHooks") or {}).get("BeforeDelete") or ()),
        place=_place(resource, regions),
        arn=str(look_up(resource.get("outputs"), "arn") or ""),
        instance=_instance(token, name, identifier, resource.get("outputs")),
        created=str(resource.get("created") or ""),
    )


def _place(resource: Mapping[str, Any], regions: Mapping[str, str]) -> str:
    own, outputs = str(resource.get("provider") or ""), resource.get("outputs") or {}
    if str(resource["type"]).startswith(CLUSTER):
        namespace = look_up(outputs, "metadata.namespace") or look_up(resource.get("inputs"), "metadata.namespace")
        return f"{provider(own)} {namespace or ''}".strip()
    # arn:partition:service:region:account:resource (AWS General Reference); a bucket's names neither.
    parts = (*str(outputs.get("arn") or "").split(":", 5), *[""] * 6)
    region = outputs.get("region") or parts[3] or regions.get(provider_urn(own), "")
    return f"{parts[4]} {region}".strip() if region else ""


def provider(reference: str) -> str:
    """A provider's URN; a default one's without its version, which a newer SDK changes."""
    urn = provider_urn(reference)
    head, _, name = urn.rpartition("::")
    return f"{head}::default" if name == "default" or name.startswith("default_") else urn


def _regions(state: Mapping[str, Any]) -> dict[str, str]:
    """The region that each AWS provider of a state was given, by URN."""
    return {
        str(each["urn"]): str((each.get("inputs") or {}).get("region") or "")
        for each in resources_of(state)
        if each["type"] == "pulumi:providers:aws"
    }


def _instance(token: str, name: str, identifier: str, outputs: Any) -> str:
    for path in INSTANCE:
        if found := look_up(outputs, path):
            return str(found)
    if token == SECRET:
        return identifier
    # An id that isn't made of the name is the service's own: of a volume, a key, a machine.
    own = identifier and not token.startswith(CLUSTER) and name not in identifier
    return identifier if own else ""
