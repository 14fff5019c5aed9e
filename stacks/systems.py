"""The table of systems. Whatever the project does for each system, it does for each row of this table.

A new system is a row here and files of its own: docs/new-system.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from stacks import async_rag, compaction, cryptique, rag_api, security_assistant
from stacks.system import Names, SystemRelease, SystemSettings


class Need(StrEnum):
    """What a system lies on, or asks of what it lies on."""

    ACCOUNT = "account"
    """An AWS account."""
    CLUSTER = "cluster"
    """A Kubernetes cluster."""
    DATABASE = "database"
    """A database instance in the account."""


@dataclass(frozen=True)
class System:
    """One row."""

    name: str
    """Also the namespace of its settings, and its key in a manifest."""
    release: type[SystemRelease]
    """What a release pins of it."""
    settings: type[SystemSettings]
    component: str
    """The ``pulumi.ComponentResource``, as ``module:class``: imported by a program that declares the system, no other.
    It is called with context, selection, manifests and options (``components.System``)."""
    smoke_tests: str
    """The module that asks the system what runs and whether it works (``cli.health.System``); imported when it does."""
    names: Names
    needs: frozenset[Need] = frozenset({Need.ACCOUNT})
    roles: int = 0
    """The IAM roles that it declares."""

    @property
    def field(self) -> str:
        """The name as an identifier of Python."""
        return self.name.replace("-", "_")


TABLE = (
    System(
        "async-rag",
        async_rag.AsyncRagRelease,
        async_rag.AsyncRagSettings,
        component="components.async_rag:AsyncRag",
        smoke_tests="cli.health.async_rag",
        names=async_rag.NAMES,
        needs=frozenset({Need.ACCOUNT, Need.DATABASE}),
        roles=9,
    ),
    System(
        "rag-api",
        rag_api.RagApiRelease,
        rag_api.RagApiSettings,
        component="components.rag_api:RagApi",
        smoke_tests="cli.health.rag_api",
        names=Names(),
        needs=frozenset({Need.CLUSTER}),
    ),
    System(
        "compaction",
        compaction.CompactionRelease,
        compaction.CompactionSettings,
        component="components.compaction:Compaction",
        smoke_tests="cli.health.compaction",
        names=compaction.NAMES,
        roles=4,
    ),
    System(
        "cryptique",
        cryptique.CryptiqueRelease,
        cryptique.CryptiqueSettings,
        component="components.cryptique:Cryptique",
        smoke_tests="cli.health.cryptique",
        names=cryptique.NAMES,
        roles=1,
    ),
    System(
        "security-assistant",
        security_assistant.SecurityAssistantRelease,
        security_assistant.SecurityAssistantSettings,
        component="components.security_assistant:SecurityAssistant",
        smoke_tests="cli.health.security_assistant",
        names=security_assistant.NAMES,
        roles=5,
    ),
)
SYSTEMS: tuple[str, ...] = tuple(system.name for system in TABLE)
"""The names of the systems, in the order in which they are shown."""
_BY_NAME = {system.name: system for system in TABLE}


def system(name: str) -> System:
    """A system's row. Raises ``KeyError`` where no row has the name."""
    return _BY_NAME[name]


def needing(need: Need, among: Iterable[str]) -> list[str]:
    """The systems, of those named, that need something."""
    return [name for name in among if need in _BY_NAME[name].needs]


def imported(place: str) -> Any:
    """What ``module`` or ``module:name`` stands for. Raises ``ImportError`` and ``AttributeError``."""
    module, _, name = place.partition(":")
    found = import_module(module)
    return getattr(found, name) if name else found
