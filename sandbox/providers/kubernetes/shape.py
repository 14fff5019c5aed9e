"""Inputs and live objects side by side: what of a live object is the program's business.

A live object holds far more than the program wrote: defaults, status, what controllers and other people set. Drift is
looked for only in what the inputs set; the rest is nobody's difference.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.providers.kubernetes import ownership
from sandbox.providers.kubernetes.quantities import same

Path = tuple[str | int, ...]

_SERVER_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
_SERVER_ANNOTATIONS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")

_LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ports": ("containerPort", "port", "protocol"),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
}
"""Lists that the built-in kinds merge by key (``x-kubernetes-list-map-keys``); every other list is one value."""

_DEFAULTS = {"protocol": "TCP"}


def builtin(api_version: str) -> bool:
    """Whether an API version belongs to Kubernetes itself and not to a CustomResourceDefinition."""
    group = api_version.rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def merge_keys(path: Path, items: Sequence[Any], native: bool) -> tuple[str, ...] | None:
    """The fields by which the list at a path is merged, or None when it is one value."""
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if not native or name not in _LIST_KEYS or (path and isinstance(path[-1], int)):
        return None
    return _LIST_KEYS[name] if all(isinstance(item, Mapping) for item in items) else None


def identity(item: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    """What tells an item of a merged list from its neighbours."""
    return tuple(item.get(key, _DEFAULTS.get(key)) for key in keys)


def live_inputs(inputs: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the live object has them: where it says the same in other words, in the inputs' words.

    A field that the inputs set and the live object lacks is left out; so a difference to `inputs` is drift.
    """
    native = builtin(str(inputs.get("apiVersion", "")))
    result: dict[str, Any] = dict(_follow(inputs, live, (), native))
    if "stringData" in inputs:
        result["stringData"] = _string_data(inputs["stringData"], live.get("data") or {})
    for key in ("apiVersion", "kind"):
        if key in inputs:
            result[key] = inputs[key]
    metadata = result.get("metadata")
    if isinstance(metadata, dict) and not (inputs.get("metadata") or {}).get("namespace"):
        metadata.pop("namespace", None)
    return result


def _string_data(wanted: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    result = {}
    for key in wanted:
        if key in data:
            try:
                result[key] = base64.b64decode(data[key]).decode()
            except ValueError:
                result[key] = data[key]
    return result


_MISSING = object()


def _follow(wanted: Any, live: Any, path: Path, native: bool) -> Any:
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        result: dict[str, Any] = {}
        for key, value in wanted.items():
            found = _follow(value, live[key], (*path, key), native) if key in live else _absent(value)
            if found is not _MISSING:
                result[key] = found
        return result
    if isinstance(wanted, list) and isinstance(live, list):
        return _follow_list(wanted, live, path, native)
    return wanted if same(wanted, live, path) else live


def _follow_list(wanted: list[Any], live: list[Any], path: Path, native: bool) -> list[Any]:
    keys = merge_keys(path, [*wanted, *live], native)
    if keys is None:
        paired = [
            _follow(one, other, (*path, index), native)
            for index, (one, other) in enumerate(zip(wanted, live, strict=False))
        ]
        return paired + live[len(wanted) :]
    by_key = {identity(item, keys): item for item in live}
    return [
        _follow(item, by_key[identity(item, keys)], (*path, index), native)
        for index, item in enumerate(wanted)
        if identity(item, keys) in by_key
    ]


def _absent(value: Any) -> Any:
    # The API server leaves empty values out of its answers: "" and {} written is not drift.
    return value if value is None or value in (False, "", {}, []) else _MISSING


def inputs_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a live object that no program has described yet (an import): what people and tools have set.

    Taken from the fields' managers when the object has any, else the whole object without what the server adds.
    """
    fields = ownership.all_fields(live)
    result = (
        ownership.pick(live, fields, _DEFAULTS)
        if fields
        else {key: value for key, value in live.items() if key != "status"}
    )
    result = json.loads(json.dumps(result))
    metadata = result.setdefault("metadata", {})
    for key in _SERVER_METADATA:
        metadata.pop(key, None)
    annotations = metadata.get("annotations") or {}
    for key in _SERVER_ANNOTATIONS:
        annotations.pop(key, None)
    if not annotations:
        metadata.pop("annotations", None)
    for key in ("name", "namespace"):
        if key in (live.get("metadata") or {}):
            metadata[key] = live["metadata"][key]
    return {**result, "apiVersion": live.get("apiVersion"), "kind": live.get("kind")}


def without_server_fields(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs without the metadata that only the API server sets (a program may carry them over from a dump)."""
    metadata = inputs.get("metadata")
    if not isinstance(metadata, Mapping):
        return dict(inputs)
    kept = {key: value for key, value in metadata.items() if key not in _SERVER_METADATA}
    return {**inputs, "metadata": kept}


def keep_live(inputs: Any, live: Any, path: Path) -> Any:
    """The inputs with the live object's value at a path; `*` stands for every key or index that the inputs have.

    For ignoreChanges: a field that somebody else has changed is applied as it is, so that nothing conflicts.
    """
    if not path:
        return live
    part, rest = path[0], path[1:]
    if isinstance(inputs, Mapping):
        result = dict(inputs)
        for key in list(inputs) if part == "*" else [key for key in inputs if key == part]:
            if isinstance(live, Mapping) and key in live:
                result[key] = keep_live(inputs[key], live[key], rest)
            elif not rest:
                del result[key]
        return result
    if isinstance(inputs, list) and isinstance(live, list):
        return [
            keep_live(item, live[index], rest) if part in {"*", index} and index < len(live) else item
            for index, item in enumerate(inputs)
        ]
    return inputs
