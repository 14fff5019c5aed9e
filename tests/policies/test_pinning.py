"""Pinning: images, code, layers, packages, and nothing that floats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.subject import UNKNOWN
from tests.policies.cases import make, said

SHA = "0f" * 32
IMAGE = f"ghcr.io/team/app@sha256:{SHA}"
DEPLOYMENT, CRON = "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:CronJob"
FUNCTION, LAYER = "aws:lambda/function:Function", "aws:lambda/layerVersion:LayerVersion"
ALIAS, PERMISSION = "aws:lambda/alias:Alias", "aws:lambda/permission:Permission"


def pods(image: Any, kind: str = "containers") -> dict[str, Any]:
    return {"spec": {"template": {"spec": {kind: [{"name": "app", "image": image}]}}}}


@pytest.mark.parametrize("image", [IMAGE, f"ghcr.io/team/app:1.2@sha256:{SHA}", UNKNOWN])
def test_an_image_with_a_digest_passes(image: Any) -> None:
    assert said("image-digest", make(DEPLOYMENT, props=pods(image))) == []


@pytest.mark.parametrize("image", ["ghcr.io/team/app:1.2.3", "app", f"app@sha256:{SHA[:-1]}", "app@sha256:latest"])
def test_an_image_without_one_is_named(image: str) -> None:
    (text,) = said("image-digest", make(DEPLOYMENT, "web", pods(image)))
    assert text == f"web/app runs {image}, which isn't pinned by digest"


def test_images_are_found_wherever_pods_are_described() -> None:
    for kind in ("initContainers", "ephemeralContainers"):
        assert said("image-digest", make(DEPLOYMENT, props=pods("app:1", kind))) != []
    assert said("image-digest", make(CRON, props={"spec": {"jobTemplate": pods("app:1")}})) != []
    pod = {"spec": {"containers": [{"name": "app", "image": "app:1"}]}}
    assert said("image-digest", make("kubernetes:core/v1:Pod", props=pod)) != []
    assert said("image-digest", make(FUNCTION, props={"imageUri": "app:1"})) != []
    assert said("image-digest", make(FUNCTION, props={"s3Key": "app.zip"})) == []
    assert said("image-digest", make("kubernetes:core/v1:Service", props=pods("app:1"))) == []
    assert said("image-digest", make(DEPLOYMENT, props={"spec": UNKNOWN})) == []


@pytest.mark.parametrize("kind", [FUNCTION, LAYER])
def test_code_comes_with_its_hash_from_a_place_that_names_its_content(kind: str) -> None:
    pinned = {"sourceCodeHash": "x=", "s3Key": f"functions/app/1.0.0/{SHA}.zip"}
    assert said("function-code-hash", make(kind, props=pinned)) == []
    assert said("function-code-hash", make(kind, props={**pinned, "s3Key": UNKNOWN})) == []
    assert said("function-code-hash", make(kind, props={**pinned, "s3Key": "app.zip", "s3ObjectVersion": "v"})) == []
    assert "doesn't end" in said("function-code-hash", make(kind, props={**pinned, "s3Key": f"{SHA}/app.zip"}))[0]
    assert "no sourceCodeHash" in said("function-code-hash", make(kind, props={"s3Key": pinned["s3Key"]}))[0]


def test_code_in_an_image_is_pinned_by_the_image() -> None:
    assert said("function-code-hash", make(FUNCTION, props={"imageUri": IMAGE})) == []
    assert said("function-code-hash", make(ALIAS)) == []


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (DEPLOYMENT, pods("ghcr.io/team/app:latest")),
        (DEPLOYMENT, pods("app")),
        (DEPLOYMENT, pods("registry:5000/app")),
        (ALIAS, {"functionVersion": "$LATEST"}),
        (ALIAS, {"functionVersion": "3", "routingConfig": {"additionalVersionWeights": {"$LATEST": 0.1}}}),
        (PERMISSION, {"function": "app", "qualifier": "$LATEST"}),
        ("aws:lambda/eventSourceMapping:EventSourceMapping", {"functionName": "app:$LATEST"}),
        ("aws:s3/bucketNotification:BucketNotification", {"lambdaFunctions": [{"lambdaFunctionArn": "app:$LATEST"}]}),
    ],
)
def test_what_floats_is_found(kind: str, props: dict[str, Any]) -> None:
    assert len(said("no-floating-version", make(kind, props=props))) == 1


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (DEPLOYMENT, pods("registry:5000/latest/app:1.2")),
        (DEPLOYMENT, pods("app:latest-1.2")),
        (DEPLOYMENT, pods(f"app:latest@sha256:{SHA}")),
        (ALIAS, {"functionVersion": "3"}),
        (ALIAS, {"functionVersion": UNKNOWN}),
        (PERMISSION, {"function": "app", "qualifier": "live"}),
        ("aws:sns/topic:Topic", {"name": "$LATEST"}),
    ],
)
def test_what_is_fixed_passes(kind: str, props: dict[str, Any]) -> None:
    assert said("no-floating-version", make(kind, props=props)) == []


@pytest.mark.parametrize(
    ("layer", "exact"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:layer:receipt-chroma:7", True),
        ("arn:aws:lambda:us-east-1:123456789012:layer:receipt-chroma", False),
        ("receipt-chroma", False),
        (UNKNOWN, True),
    ],
)
def test_a_layer_is_a_version(layer: Any, exact: bool) -> None:
    assert (said("layer-version-exact", make(FUNCTION, props={"layers": [layer]})) == []) is exact


def test_a_function_may_have_no_layers() -> None:
    assert said("layer-version-exact", make(FUNCTION)) == []
    assert said("layer-version-exact", make(FUNCTION, props={"layers": UNKNOWN})) == []


@pytest.mark.parametrize(("version", "exact"), [("1.2.3", True), ("1.2", False), ("1.x.0", False), ("latest", False)])
def test_packages_revisions_and_charts_have_exact_versions(version: str, exact: bool) -> None:
    layer = make(LAYER, props={"s3Key": f"layers/compaction/receipt_chroma/{version}/{SHA}.zip"})
    value = json.dumps({"bucket": "artifacts", "key": f"revisions/app/{SHA}.zip", "version": version})
    revision = make("aws:ssm/parameter:Parameter", props={"insecureValue": value})
    chart = make("kubernetes:helm.sh/v3:Release", props={"chart": "nginx", "version": version})
    for each in (layer, revision, chart):
        assert (said("package-version-exact", each) == []) is exact


def test_a_revision_lies_where_its_content_says() -> None:
    value = json.dumps({"bucket": "artifacts", "key": "revisions/app/current.zip", "version": "1.2.3"})
    (text,) = said("package-version-exact", make("aws:ssm/parameter:Parameter", props={"value": value}))
    assert "current.zip" in text


@pytest.mark.parametrize("value", ["plain", "{broken", json.dumps({"size": 3}), UNKNOWN, None])
def test_other_parameters_are_no_revisions(value: Any) -> None:
    assert said("package-version-exact", make("aws:ssm/parameter:Parameter", props={"value": value})) == []


def test_a_chart_without_a_version_is_whatever_the_repository_has() -> None:
    props = {"chart": "nginx", "repositoryOpts": {"repo": "https://charts.example.com"}}
    assert "newest" in said("package-version-exact", make("kubernetes:helm.sh/v3:Release", props=props))[0]
    assert said("package-version-exact", make("kubernetes:helm.sh/v3:Release", props={"chart": "./local"})) == []


@given(st.text(max_size=80))
def test_only_a_digest_pins_an_image(image: str) -> None:
    pinned = image.rpartition("@sha256:")[2]
    is_digest = "@sha256:" in image and len(pinned) == 64 and set(pinned) <= set("0123456789abcdef")
    assert (said("image-digest", make(DEPLOYMENT, props=pods(image))) == []) is is_digest
