"""What goes into the state: live objects with their secrets marked, and what a preview can tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers import wire
from sandbox.providers.kubernetes import objects

_SECRET_FIELDS = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_STABLE_METADATA = ("name", "namespace", "uid", "creationTimestamp")
_CHANGING_METADATA = ("resourceVersion", "generation", "managedFields")
_STABLE_SPEC = {"Service": ("clusterIP", "clusterIPs", "ipFamilies"), "PersistentVolumeClaim": ("volumeName",)}


def of(live: Mapping[str, Any], manager: str) -> dict[str, Any]:
    """The outputs of a live object; `manager` is the field manager that its next update has to use."""
    return guard_secrets({**objects.from_api(live), objects.MANAGER: manager})


def guard_secrets(thing: Mapping[str, Any]) -> dict[str, Any]:
    """An object in which everything that a Secret holds is marked secret, whoever wrote the program."""
    result = dict(thing)
    if thing.get("kind") != "Secret" or thing.get("apiVersion") != "v1":
        return result
    for field in _SECRET_FIELDS:
        if field in result:
            result[field] = wire.secret(result[field])
    if objects.annotation(thing, _LAST_APPLIED) is not None:
        metadata = dict(objects.metadata_of(thing))
        metadata["annotations"] = {
            **metadata["annotations"],
            _LAST_APPLIED: wire.secret(metadata["annotations"][_LAST_APPLIED]),
        }
        result["metadata"] = metadata
    return result


def previewed(inputs: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs that a preview shows: the inputs, what stays as it is, and the rest unknown."""
    result = dict(inputs)
    known = objects.metadata_of(old)
    if isinstance(inputs.get("metadata"), Mapping):
        stable = {key: known.get(key, wire.UNKNOWN) for key in _STABLE_METADATA[2:]}
        changing = dict.fromkeys(_CHANGING_METADATA[:2], wire.UNKNOWN)
        result["metadata"] = {**stable, **changing, **inputs["metadata"]}
    spec = inputs.get("spec")
    for field in _STABLE_SPEC.get(str(inputs.get("kind")), ()):
        if isinstance(spec, Mapping) and field not in spec:
            spec = {**spec, field: (old.get("spec") or {}).get(field, wire.UNKNOWN)}
            result["spec"] = spec
    if "status" in old or not old:
        result["status"] = wire.UNKNOWN
    if objects.MANAGER in old:
        result[objects.MANAGER] = old[objects.MANAGER]
    return guard_secrets(result)
