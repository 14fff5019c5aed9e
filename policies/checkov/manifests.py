"""The Kubernetes resources as manifests, one file each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from policies.checkov.holes import Holes
from policies.checkov.resources import Resource
from policies.checkov.values import SECRET_PLACEHOLDER, Unknown, unknown_paths

TOKEN = re.compile(r"kubernetes:(?P<api>[a-z0-9.]+/[a-z0-9]+):(?P<kind>[A-Z][A-Za-z0-9]*)")
CHARTS = re.compile(r"kubernetes:(helm\.sh|kustomize|yaml)[/:]")
"""What these resources bring is made by the provider: the objects themselves aren't in the preview."""
SECRET_FIELDS = ("data", "stringData")


@dataclass
class Manifests:
    """File name -> text, the resource that each file stands for, and which of its fields aren't known."""

    files: dict[str, str]
    resources: dict[str, Resource]
    unknown: dict[str, frozenset[tuple[str, ...]]]


def is_manifest(resource: Resource) -> bool:
    """Whether a resource is one whole Kubernetes object; a patch holds only a part of one."""
    found = TOKEN.fullmatch(resource.type)
    if found is None or CHARTS.match(resource.type):
        return False
    return not (found["kind"].endswith("Patch") and resource.inputs.get("kind") != found["kind"])


def write(resources: Sequence[Resource], holes: Holes | None = None) -> Manifests:
    """The manifests of those resources that are one; what can't be told in them is added to ``holes``."""
    holes = Holes() if holes is None else holes
    made = Manifests({}, {}, {})
    for resource in resources:
        if is_manifest(resource):
            name = f"{len(made.files):04}.yaml"
            made.files[name] = yaml.safe_dump(manifest(resource, holes), sort_keys=False, allow_unicode=True)
            made.resources[name] = resource
            made.unknown[name] = frozenset(unknown_paths(resource.inputs))
    return made


def manifest(resource: Resource, holes: Holes) -> dict[str, Any]:
    """The object as a manifest has it. The values of a Secret are secret however the program declared them."""
    found = TOKEN.fullmatch(resource.type)
    assert found is not None
    group = found["api"]
    inputs = {
        "apiVersion": group.removeprefix("core/"),
        "kind": found["kind"],
        **_filled(resource.inputs, holes),
    }
    metadata = inputs.get("metadata")
    inputs["metadata"] = {"name": resource.name, **(metadata if isinstance(metadata, Mapping) else {})}
    if inputs["metadata"]["name"] in holes.found:
        # checkov tells objects apart by it.
        inputs["metadata"]["name"] = resource.name
    if inputs["kind"] == "Secret":
        for key in SECRET_FIELDS:
            if key in inputs:
                values = inputs[key] if isinstance(inputs[key], Mapping) else {}
                inputs[key] = dict.fromkeys(values, SECRET_PLACEHOLDER)
    return inputs


def _filled(value: Any, holes: Holes, path: tuple[str, ...] = ()) -> Any:
    """A cleaned value with a stand-in for each that can't be told."""
    if isinstance(value, Unknown):
        return holes.stand_in(value, path, "any", None)
    if isinstance(value, Mapping):
        return {key: _filled(each, holes, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, holes, path) for each in value]
    return value
