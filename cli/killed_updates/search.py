"""Looking up whether what was about to be created exists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.killed_updates.cluster import Cluster
from cli.killed_updates.finders import FINDERS, NON_UNIQUE
from cli.killed_updates.state import live, pending_creations
from cli.resources.account import Account, Inputs

Resource = Mapping[str, Any]


def existing(state: Mapping[str, Any], region: str) -> dict[str, str]:
    """Those resources whose creation was under way that exist after all: URN -> import id. Raises what ``find`` does.

    What the state has already wasn't made by such a creation. That matters where a resource was about to be replaced by
    one of its own name: taken for its successor, it would be deleted as the predecessor.
    """
    inventory, known = Inventory(region), live(state)
    found: dict[str, str] = {}
    given: dict[str, set[str]] = defaultdict(set)
    for pending in pending_creations(state):
        kind = str(pending["type"])
        if (identifier := inventory.made(pending, known, given[kind])) is not None:
            found[str(pending["urn"])] = identifier
            given[kind].add(identifier)
    return found


def find(kind: str, inputs: Inputs, region: str) -> str | None:
    """The import id of a resource that exists; None where it doesn't, and for types that aren't looked up.

    Raises what boto3 and the Kubernetes client raise for anything but an absence.
    """
    return next(iter(Inventory(region).fitting(kind, inputs)), None)


@dataclass
class Inventory:
    """The account and the cluster that are asked."""

    region: str
    account: Account = field(init=False)
    cluster: Cluster = field(default_factory=Cluster)

    def __post_init__(self) -> None:
        self.account = Account(self.region)

    def fitting(self, kind: str, inputs: Inputs) -> list[str]:
        """The import ids of everything that fits a resource's inputs, the newest first where the account tells ages."""
        if kind.startswith("kubernetes:"):
            return self.cluster.named(inputs)
        return self.account.fitting(FINDERS[kind], inputs) if kind in FINDERS else []

    def made(self, pending: Resource, known: Sequence[Resource], given: set[str]) -> str | None:
        """What the creation has made: the newest thing that fits, unless the state (``known``) has that already.

        ``given``: what was found for others of the type before.
        """
        kind = str(pending["type"])
        for identifier in self.fitting(kind, pending.get("inputs") or {}):
            if identifier not in given:
                return None if self._is_known(pending, identifier, known) else identifier
        return None

    def _is_known(self, pending: Resource, identifier: str, known: Sequence[Resource]) -> bool:
        kind = pending["type"]
        same = [resource for resource in known if resource["type"] == kind]
        if kind in NON_UNIQUE:
            # An import id may have the id of what the thing lies in before its own.
            return any(resource["id"] in (identifier, identifier.rpartition("/")[2]) for resource in same)
        # A provider's own id of a thing may have another form than its import id, so the predecessor is looked up too.
        before = [resource for resource in same if resource["urn"] == pending["urn"]]
        return any(resource["id"] == identifier for resource in same) or any(
            identifier in self.fitting(kind, resource.get("inputs") or {}) for resource in before
        )
