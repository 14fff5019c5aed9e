"""What the last successful update of a stack left in its own outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

READS = 50
"""Reads before a state that can't be read is an error; one takes some milliseconds."""


class Memory:
    """The stack's own outputs of the last update; empty before the first one."""

    def __init__(self) -> None:
        name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
        self._outputs: Mapping[str, Any] = _read(name).get("outputs") or {}

    def get(self, name: str) -> Mapping[str, Any]:
        """One output of the last update; an empty mapping where there is none."""
        return self._outputs.get(name) or {}


def _read(name: str) -> Mapping[str, Any]:
    """The call behind StackReference, until it has an answer; ``pulumi.RunError`` with what the last of them said.

    A StackReference would itself be a resource in the state, holding the outputs of the update before, and every
    refresh would report it as drift. The engine writes this very state while the program reads it, and a backend of
    files doesn't keep the two apart: once in some hundred updates the read ended in "failed to load checkpoint: EOF",
    because the file's attributes were being written (pulumi 3.250.0, gocloud.dev/blob/fileblob).
    """
    said = ""
    for _ in range(READS):
        try:
            found: Mapping[str, Any] = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value
        except Exception as error:  # a call that fails raises nothing more special
            said = " ".join(str(error).split())
            if "failed to load checkpoint" not in said:
                break
        else:
            return found
    raise pulumi.RunError(said)


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
