"""The pinned SDK's types and the older provider's schema: what the program declares is known to both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.providers.kubernetes import VERSION, launcher
from tests.components.mocked import run_program
from toolchain.paths import cache
from toolchain.progress import Progress

pytestmark = pytest.mark.engine

KINDS_OF_OTHERS = {"networking.istio.io"}
"""Groups of custom resources: no schema knows them."""


@pytest.fixture(scope="module")
def schema() -> Any:
    binary = launcher.ensure(cache(), Progress(quiet=True))
    return json.loads(binary.with_name(launcher.SCHEMA).read_text())


def declared() -> Iterator[tuple[str, dict[str, Any]]]:
    """The Kubernetes objects of the program: type and inputs."""
    for resource in run_program().resources.values():
        if resource.typ.startswith("kubernetes:"):
            yield resource.typ, resource.inputs


def unknown(schema: Any, properties: Any, value: Any, path: str) -> Iterator[str]:
    """Paths of a value that its type in the schema doesn't have."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name not in properties:
            yield f"{path}.{name}"
            continue
        kind = properties[name].get("items", properties[name])
        reference = kind.get("$ref", "").removeprefix("#/types/")
        fields = schema["types"].get(reference, {}).get("properties")
        for each in inner if isinstance(inner, list) else [inner]:
            if fields:
                yield from unknown(schema, fields, each, f"{path}.{name}")


def test_every_field_that_the_program_sets_is_in_the_providers_schema(schema: Any) -> None:
    objects = list(declared())
    assert len(objects) > 10
    missing = {kind for kind, _ in objects} - schema["resources"].keys()
    assert {kind.split(":")[1].partition("/")[0] for kind in missing} <= KINDS_OF_OTHERS
    strange = [
        path
        for kind, inputs in objects
        if kind not in missing
        for path in unknown(schema, schema["resources"][kind]["inputProperties"], inputs, kind)
    ]
    assert strange == []


def test_the_schema_bears_the_sdks_version(schema: Any) -> None:
    assert (schema["name"], schema["version"]) == ("kubernetes", VERSION)
