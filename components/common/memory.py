"""What earlier updates left of a stack: its own outputs, and the outputs of its resources, as its state has them.

The state is written by the engine from what providers returned. The stack's outputs are written by this program, and by
older ones of it: they may lack anything, and hold anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pulumi

from core.urn import name_of, type_of


@dataclass(frozen=True)
class Memory:
    """The stack as the last update left it; empty before the first one."""

    outputs: Mapping[str, Any]
    """The stack's own outputs."""
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The outputs of every resource, by URN."""

    def get(self, name: str) -> Mapping[str, Any]:
        """One output of the last update; an empty mapping where there is none, or where it is no mapping."""
        return _mapping(self.outputs.get(name))

    @property
    def systems(self) -> Mapping[str, Mapping[str, Any]]:
        """What the last update said of each system; entries that are no mappings are left out."""
        return {name: entry for name, entry in self.get("systems").items() if isinstance(entry, Mapping)}

    @property
    def target(self) -> Mapping[str, str]:
        """The ids of the account and the cluster that the stack lives in, as far as they are known.

        The components that compared them say it in the state as well, where the stack's own output was lost.
        """
        ids = {
            kind: (self.resource(f"rollback:parts:{kind.title()}", kind) or {}).get("id")
            for kind in ("account", "cluster")
        }
        known = {**ids, **{kind: self.get("target").get(kind) or ids[kind] for kind in ids}}
        return {kind: str(value) for kind, value in known.items() if value}

    def release(self, system: str) -> str | None:
        """The release that the last update brought a system to; None where it isn't known."""
        release = self.systems.get(system, {}).get("release")
        return release if isinstance(release, str) else None

    def resource(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """The outputs of a resource by its type and its name in the program; None where the state has none."""
        return self._by_name.get((kind, name))

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        return {(type_of(urn), name_of(urn)): outputs for urn, outputs in self.resources.items()}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def refuse_other(kind: str, remembered: str | None, found: str) -> str:
    """``found``, unless the stack remembers something else: then ``pulumi.RunError`` with one line.

    A stack remembers where it was deployed to. A second account or cluster under the same stack name (another
    profile, another kubeconfig, another checkout's sandbox) is refused before anything is changed.
    """
    if remembered and remembered != found:
        raise pulumi.RunError(
            f"this stack was deployed to {kind} {remembered}, and the credentials in use lead to {found}: "
            f"nothing was touched. Use the credentials of {remembered}, or another stack."
        )
    return found
