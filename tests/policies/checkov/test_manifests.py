"""Kubernetes resources as manifests."""

from __future__ import annotations

import pytest
import yaml

from policies.checkov import manifests
from policies.checkov.holes import Holes
from policies.checkov.resources import read
from policies.checkov.values import SECRET_PLACEHOLDER
from tests.policies.checkov.previews import UNKNOWN, preview, step, stores


def test_one_document_each() -> None:
    holes = Holes()
    made = manifests.write(read(stores()), holes)
    found = {made.resources[name].name: yaml.safe_load(text) for name, text in made.files.items()}
    assert set(found) == {"login", "web", "found"}
    container = found["web"]["spec"]["template"]["spec"]["containers"][0]
    assert holes.found[container["image"]].shape == "any", "the schema of Kubernetes isn't at hand"
    assert holes.found[container["env"][0]["value"]].secret
    assert found["login"]["stringData"] == {"password": SECRET_PLACEHOLDER}
    (web,) = (each for name, each in made.unknown.items() if made.resources[name].name == "web")
    inside = ("spec", "template", "spec", "containers")
    assert web == {(*inside, "image"), (*inside, "env", "value")}


def test_version_kind_and_name_come_from_the_resource_where_the_inputs_lack_them() -> None:
    (one,) = read(preview(step("kubernetes:core/v1:ConfigMap", "one", {"data": {"a": "b"}})))
    assert manifests.manifest(one, Holes()) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"a": "b"},
        "metadata": {"name": "one"},
    }
    (two,) = read(preview(step("kubernetes:apps/v1:Deployment", "two", {"metadata": {"name": UNKNOWN}})))
    assert manifests.manifest(two, Holes())["apiVersion"] == "apps/v1"
    assert manifests.manifest(two, Holes())["metadata"] == {"name": "two"}


@pytest.mark.parametrize("data", [UNKNOWN, "[secret]", None, ["x"]])
def test_the_data_of_a_secret_is_never_written(data: object) -> None:
    (one,) = read(preview(step("kubernetes:core/v1:Secret", "one", {"data": data, "stringData": {"a": "b"}})))
    made = manifests.manifest(one, Holes())
    assert made.get("data", {}) == {}
    assert made["stringData"] == {"a": SECRET_PLACEHOLDER}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("kubernetes:apps/v1:Deployment", True),
        ("kubernetes:networking.istio.io/v1:VirtualService", True),
        ("kubernetes:apps/v1:DeploymentPatch", False),
        ("kubernetes:helm.sh/v3:Release", False),
        ("kubernetes:yaml:ConfigFile", False),
        ("kubernetes:kustomize/v2:Directory", False),
        ("aws:s3/bucket:Bucket", False),
    ],
)
def test_only_whole_objects_are_manifests(kind: str, expected: bool) -> None:
    (one,) = read(preview(step(kind, "one", {"kind": kind.rpartition(":")[2].removesuffix("Patch")})))
    assert manifests.is_manifest(one) is expected


def test_a_kind_that_ends_in_patch_is_no_patch() -> None:
    (one,) = read(preview(step("kubernetes:example.com/v1:Patch", "one", {"kind": "Patch"})))
    assert manifests.is_manifest(one)
