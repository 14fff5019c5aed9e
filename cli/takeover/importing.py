"""The import file: what ``pulumi import --file`` needs to take resources into a state, under their own parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cli.takeover.model import AdoptionDecision, TakeoverError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that isn't known in a preview (pulumi, sdk/go/common/resource/plugin)."""


def fill(skeleton: Mapping[str, Any], taken: Sequence[AdoptionDecision]) -> dict[str, Any]:
    """The engine's skeleton with ids, cut down to what is taken over and the components and providers it needs.

    Raises `TakeoverError` where a provider's settings aren't known before an update.
    """
    ids = {each.key: each.identifier for each in taken}
    entries: dict[str, Mapping[str, Any]] = {each["name"]: each for each in skeleton.get("resources") or []}
    kept: set[str] = set()
    for name, entry in entries.items():
        if not entry.get("component") and _key(entry) in ids:
            kept |= {name, *_above(name, entries)}
    resources = [
        {**entry, **({} if entry.get("component") else {"id": ids[_key(entry)]})}
        for name, entry in entries.items()
        if name in kept
    ]
    missing = set(ids) - {_key(entry) for entry in resources if not entry.get("component")}
    if missing:
        kind, name = sorted(missing)[0]
        raise TakeoverError(f"the program declared {kind} {name} in one preview and not in the next: run this again")
    named = {entry[role] for entry in resources for role in ("parent", "provider") if entry.get(role)}
    table = {name: urn for name, urn in (skeleton.get("nameTable") or {}).items() if name in named}
    inputs = {name: given for name, given in (skeleton.get("providerInputs") or {}).items() if name in named}
    if UNKNOWN in str(inputs):
        raise TakeoverError("the provider's settings aren't known yet: deploy the stack's other systems first")
    return {"nameTable": table, "resources": resources, **({"providerInputs": inputs} if inputs else {})}


def _key(entry: Mapping[str, Any]) -> tuple[str, str]:
    return entry["type"], entry.get("logicalName") or entry["name"]


def _above(name: str, entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The components in the file that a resource lies in."""
    found: list[str] = []
    while (name := entries[name].get("parent", "")) in entries:
        found.append(name)
    return found
