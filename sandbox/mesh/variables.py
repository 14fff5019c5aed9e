"""The environment of a pod's container, as its specification says.

Source: Kubernetes documentation, "Define Environment Variables for a Container", "Downward API"; API reference,
"EnvVar" (`$(NAME)` is replaced by a variable that was defined before, `$$` stands for a dollar sign).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from sandbox.mesh.routes import Object

Get = Callable[[str], Awaitable[dict[str, Any] | None]]
"""Reads an object of the cluster by its path; None where there is none."""

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
_LABEL = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class VariableError(Exception):
    """A variable can't be had; the message says which and why."""


async def resolve(pod: Object, container: Object, get: Get) -> dict[str, str]:
    """Return a container's variables. Raises VariableError."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for name, value in (await _everything(source, namespace, get)).items():
            found[source.get("prefix", "") + name] = value
    for variable in container.get("env") or []:
        name = variable["name"]
        if "valueFrom" in variable:
            referred = await _one(name, variable["valueFrom"], pod, get)
            if referred is not None:
                found[name] = referred
        else:
            found[name] = _expanded(variable.get("value", ""), found)
    return found


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """References to variables that are not known stay as they are."""
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else known.get(found[1], found[0]), text)


async def _everything(source: Object, namespace: str, get: Get) -> dict[str, str]:
    for kind, reader in (("configMapRef", _config_map), ("secretRef", _secret)):
        if kind in source:
            content = await reader(namespace, source[kind]["name"], get)
            if content is None and not source[kind].get("optional"):
                raise VariableError(f"{kind} {source[kind]['name']} doesn't exist in {namespace}")
            return content or {}
    raise VariableError(f"envFrom with {', '.join(source)} is not emulated")


async def _one(name: str, source: Object, pod: Object, get: Get) -> str | None:
    if "fieldRef" in source:
        return _field(name, source["fieldRef"]["fieldPath"], pod)
    for kind, reader in (("configMapKeyRef", _config_map), ("secretKeyRef", _secret)):
        if kind in source:
            reference = source[kind]
            content = await reader(pod["metadata"]["namespace"], reference["name"], get)
            value = (content or {}).get(reference["key"])
            if value is None and not reference.get("optional"):
                raise VariableError(f"{name}: {reference['name']} has no key {reference['key']}")
            return value
    raise VariableError(f"{name}: {', '.join(source)} is not emulated")


def _field(name: str, path: str, pod: Object) -> str:
    if labelled := _LABEL.fullmatch(path):
        return str((pod["metadata"].get(labelled[1]) or {}).get(labelled[2], ""))
    section, _, key = path.partition(".")
    if section not in ("metadata", "spec", "status") or "." in key or "[" in key:
        raise VariableError(f"{name}: the field {path} is not emulated")
    value = str(pod.get(section, {}).get(key, ""))
    if not value and section == "status":
        raise VariableError(f"{name}: {path} isn't known yet")
    return value


async def _config_map(namespace: str, name: str, get: Get) -> dict[str, str] | None:
    found = await get(f"/api/v1/namespaces/{quote(namespace)}/configmaps/{quote(name)}")
    return None if found is None else dict(found.get("data") or {})


async def _secret(namespace: str, name: str, get: Get) -> dict[str, str] | None:
    found = await get(f"/api/v1/namespaces/{quote(namespace)}/secrets/{quote(name)}")
    if found is None:
        return None
    return {key: base64.b64decode(value).decode() for key, value in (found.get("data") or {}).items()}
