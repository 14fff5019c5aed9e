"""The Kubernetes resources as manifests, one file each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from policies.checkov.resources import Resource
from policies.checkov.values import SECRET_PLACEHOLDER, unknown_paths, without_unknown

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


def write(resources: Sequence[Resource]) -> Manifests:
    """The manifests of those resources that are one."""
    made = Manifests({}, {}, {})
    for resource in resources:
        if is_manifest(resource):
            name = f"{len(made.files):04}.yaml"
            made.files[name] = yaml.safe_dump(manifest(resource), sort_keys=False, allow_unicode=True)
            made.resources[name] = resource
            made.unknown[name] = frozenset(unknown_paths(resource.inputs))
    return made


def manifest(resource: Resource) -> dict[str, Any]:
    """The object as a manifest has it. The values of a Secret are secret however the program declared them."""
    found = TOKEN.fullmatch(resource.type)
    assert found is not None
    group = found["api"]
    inputs = {
        "apiVersion": group.removeprefix("core/"),
        "kind": found["kind"],
        **without_unknown(resource.inputs),
    }
    metadata = inputs.get("metadata")
    inputs["metadata"] = {"name": resource.name, **(metadata if isinstance(metadata, Mapping) else {})}
    if inputs["kind"] == "Secret":
        for key in SECRET_FIELDS:
            if key in inputs:
                values = inputs[key] if isinstance(inputs[key], Mapping) else {}
                inputs[key] = dict.fromkeys(values, SECRET_PLACEHOLDER)
    return inputs
