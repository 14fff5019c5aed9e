"""What the last successful update of a stack left in its own outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True)
class Memory:
    """The stack's own outputs of the last update; empty before the first one."""

    outputs: Mapping[str, Any]

    def get(self, name: str) -> Mapping[str, Any]:
        """One output of the last update; an empty mapping where there is none."""
        return self.outputs.get(name) or {}


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
