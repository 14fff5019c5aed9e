"""The resources of a state, as the preflight looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def resources(state: Mapping[str, Any], kind: str = "") -> Iterator[Mapping[str, Any]]:
    """The resources of a state, of one type if one is given; those that wait for their deletion are left out."""
    for resource in (state.get("deployment") or {}).get("resources") or ():
        if (not kind or resource["type"] == kind) and not resource.get("delete"):
            yield resource


def outputs(state: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any] | None:
    """The outputs of a resource by its type and its name in the program; None where there is no such resource."""
    found = (each for each in resources(state, kind) if each["urn"].rpartition("::")[2] == name)
    return next((each.get("outputs") or {} for each in found), None)
