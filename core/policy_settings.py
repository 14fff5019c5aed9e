"""The settings under ``policies:``: how hard each policy of the pack is enforced in a stack, and its bounds.

Which policies there are, and what each can be told, is the pack's own (``policies``): it refuses an unknown name and
a value out of bounds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from core.model import Model

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=100)]
Enforcement = Literal["advisory", "mandatory", "disabled"]
"""CrossGuard's levels. ``advisory`` warns, ``mandatory`` stops the update."""


class PolicySettings(Model):
    """What a stack says about the policies. What it doesn't name has the pack's defaults, which are the strict ones."""

    enforcement: dict[PolicyName, Enforcement] = {}
    """How hard a policy is enforced, by its name."""
    config: dict[PolicyName, dict[str, Any]] = {}
    """What can be set of a policy, by its name."""
