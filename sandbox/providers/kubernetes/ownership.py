"""Field managers: whose fields are whose, and taking over what people changed by hand with kubectl.

Source: Kubernetes documentation, "Server-Side Apply" (managedFields, transferring ownership); the managers are those
that Pulumi's Kubernetes provider takes over before an update.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TAKEN_OVER = (
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)
"""(beginning of a manager's name, operation). Subresources stay theirs: ``kubectl scale`` and autoscalers conflict."""


def merged(live: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """managedFields in which what kubectl set belongs to `manager`; None when there is nothing to take over."""
    entries = [dict(entry) for entry in (live.get("metadata") or {}).get("managedFields") or []]
    ours = [entry for entry in entries if entry.get("manager") == manager and entry.get("operation") == "Apply"]
    theirs = [entry for entry in entries if entry not in ours and _taken(entry)]
    if not theirs:
        return None
    fields: dict[str, Any] = {}
    for entry in [*ours, *theirs]:
        merge_fields(fields, entry.get("fieldsV1") or {})
    kept = [entry for entry in entries if entry not in ours and entry not in theirs]
    base = (ours or theirs)[0]
    return [*kept, {**base, "manager": manager, "operation": "Apply", "fieldsV1": fields}]


def _taken(entry: Mapping[str, Any]) -> bool:
    return not entry.get("subresource") and any(
        str(entry.get("manager", "")).startswith(name) and entry.get("operation") == operation
        for name, operation in _TAKEN_OVER
    )


def merge_fields(into: dict[str, Any], fields: Mapping[str, Any]) -> None:
    """Add a set of fields (the ``fieldsV1`` form) to another one."""
    for key, below in fields.items():
        merge_fields(into.setdefault(key, {}), below)


def all_fields(live: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that people and tools have set: of every manager but the cluster's own controllers."""
    fields: dict[str, Any] = {}
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        if not entry.get("subresource") and entry.get("manager") not in {"kube-controller-manager", "kube-scheduler"}:
            merge_fields(fields, entry.get("fieldsV1") or {})
    return fields


def pick(value: Any, fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    """The part of a value that a set of fields names; `defaults` are those of list keys left out."""
    below = {key: part for key, part in fields.items() if key != "."}
    if not below:
        return value
    if isinstance(value, Mapping):
        return {key: pick(item, below[f"f:{key}"], defaults) for key, item in value.items() if f"f:{key}" in below}
    if isinstance(value, list):
        keyed = [(item, next((key for key in below if _names(key, item, defaults)), None)) for item in value]
        return [pick(item, below[key], defaults) for item, key in keyed if key is not None]
    return value


def _names(key: str, item: Any, defaults: Mapping[str, Any]) -> bool:
    if key.startswith("k:") and isinstance(item, Mapping):
        return all(item.get(name, defaults.get(name)) == value for name, value in json.loads(key[2:]).items())
    return key.startswith("v:") and bool(json.loads(key[2:]) == item)


def owns(live: Mapping[str, Any], manager: str, path: tuple[str | int, ...]) -> bool:
    """Whether a field manager holds the field at a path of a live object; True when the object doesn't say.

    Leaving a field out of an apply removes it only when the manager held it (after an import it doesn't yet).
    """
    managed = (live.get("metadata") or {}).get("managedFields")
    if not managed or (path and path[0] == "stringData"):  # the API server keeps stringData as data
        return True
    fields: dict[str, Any] = {}
    for entry in managed:
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            merge_fields(fields, entry.get("fieldsV1") or {})
    for depth, part in enumerate(path):
        if isinstance(part, int) or (depth and not fields.keys() - {"."}):
            return True  # within a list the apply itself tells; or the manager holds the whole value above
        if f"f:{part}" not in fields:
            return False
        fields = fields[f"f:{part}"]
    return True
