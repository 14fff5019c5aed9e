"""Pinning: what runs is named by its content, so that a release means the same tomorrow.

Sources: OCI image specification (digests); Lambda API, CreateFunction, PublishVersion, PublishLayerVersion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.pods import WORKLOADS, containers
from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import Resource, dig, items, known

FUNCTION = "aws:lambda/function:Function"
LAYER = "aws:lambda/layerVersion:LayerVersion"
ALIAS = "aws:lambda/alias:Alias"
PARAMETER = "aws:ssm/parameter:Parameter"
CHARTS = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
BY_CONTENT = re.compile(r"(^|[/._-])[0-9a-f]{64}(\.[a-z0-9.]+)?$")
"""An object's key that ends with a SHA-256."""
EXACT = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
EXACT_IN_KEY = re.compile(rf"(^|/){EXACT.pattern}/")
LAYER_ARN = re.compile(r"^arn:[a-z-]+:lambda:[a-z0-9-]+:\d+:layer:[A-Za-z0-9_-]+:\d+$")
TARGETS: Mapping[str, tuple[str, ...]] = {
    ALIAS: ("functionVersion", "routingConfig.additionalVersionWeights"),
    "aws:lambda/permission:Permission": ("function", "qualifier"),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("functionName",),
    "aws:lambda/functionUrl:FunctionUrl": ("functionName", "qualifier"),
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": ("functionName", "qualifier"),
    "aws:apigateway/integration:Integration": ("uri",),
    "aws:apigatewayv2/integration:Integration": ("integrationUri",),
    "aws:s3/bucketNotification:BucketNotification": ("lambdaFunctions",),
    "aws:sns/topicSubscription:TopicSubscription": ("endpoint",),
    "aws:cloudwatch/eventTarget:EventTarget": ("arn",),
}
"""Where a version or a function is pointed at."""


def by_digest(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Images are named by digest."""
    for name, image in _images(resource):
        if isinstance(image, str) and not DIGEST.search(image):
            yield f"{name} runs {image}, which isn't pinned by digest"


def by_hash(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Code comes with its hash, from a key or an object version that names its content."""
    if known(resource.get("imageUri")):
        return
    if resource.get("sourceCodeHash") is None:
        yield f"{resource.name} has no sourceCodeHash: other code in the same place would go unnoticed"
    key, version = resource.get("s3Key"), resource.get("s3ObjectVersion")
    if isinstance(key, str) and version is None and not BY_CONTENT.search(key):
        yield f"{resource.name}: s3Key {key} doesn't end in the content's SHA-256, and s3ObjectVersion isn't given"


def nothing_floats(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Nothing is named ``latest``: neither a tag of an image nor Lambda's ``$LATEST``."""
    for name, image in _images(resource):
        tag = str(image).partition("@")[0].rpartition("/")[2].partition(":")[2]
        if known(image) and tag == "latest":
            yield f"{name} runs the tag latest"
    for path in TARGETS.get(resource.type, ()):
        if any("$LATEST" in text for text in _texts(resource.get(path))):
            yield f"{resource.name}: {path} points at $LATEST"


def exact_layers(function: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """A function's layers are versions."""
    for layer in items(function.get("layers")):
        if known(layer) and not LAYER_ARN.match(str(layer)):
            yield f"{function.name}: layer {layer} isn't a layer version's ARN"


def exact_packages(resource: Resource, _config: NoConfig, _facts: Facts) -> Iterator[str]:
    """Packages, revisions and charts are named by an exact version."""
    if resource.type in CHARTS:
        version = resource.get("version")
        if known(version) and not EXACT.fullmatch(str(version)):
            yield f"{resource.name} takes any chart version that fits {version}"
        elif version is None and resource.get("repositoryOpts.repo") is not None:
            yield f"{resource.name} takes the newest chart version"
        return
    if resource.type == LAYER:
        key = resource.get("s3Key")
        if isinstance(key, str) and not EXACT_IN_KEY.search(key):
            yield f"{resource.name}: s3Key {key} names no exact version of the package"
        return
    revision = _revision(resource)
    if revision and not EXACT.fullmatch(str(revision.get("version"))):
        yield f"{resource.name}: the revision's version {revision.get('version')} isn't exact"
    if revision and not BY_CONTENT.search(str(revision.get("key"))):
        yield f"{resource.name}: the revision's key {revision.get('key')} doesn't end in the content's SHA-256"


def _images(resource: Resource) -> Iterator[tuple[str, Any]]:
    if resource.type == FUNCTION:
        if (image := resource.get("imageUri")) is not None:
            yield resource.name, image
    elif resource.type in WORKLOADS:
        yield from ((name, container.get("image")) for name, container in containers(resource))


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _revision(parameter: Resource) -> Mapping[str, Any] | None:
    """What a parameter says where it names a revision in a bucket: ``{"bucket", "key", "version"}``."""
    for path in ("insecureValue", "value"):
        text = parameter.get(path)
        if isinstance(text, str) and text.startswith("{"):
            try:
                found = json.loads(text)
            except ValueError:
                return None
            return found if dig(found, "bucket") is not None and dig(found, "key") is not None else None
    return None


RULES = (
    ResourceRule(
        "image-digest",
        "Container images are pinned by digest.",
        Severity.HIGH,
        "Name the image as repository@sha256:…; a tag can be moved.",
        frozenset({FUNCTION, *WORKLOADS}),
        by_digest,
    ),
    ResourceRule(
        "function-code-hash",
        "Functions and layers are pinned by their content.",
        Severity.HIGH,
        "Set sourceCodeHash, and take the code from a key that ends in its SHA-256, or name s3ObjectVersion.",
        frozenset({FUNCTION, LAYER}),
        by_hash,
    ),
    ResourceRule(
        "no-floating-version",
        "Nothing points at latest or $LATEST.",
        Severity.HIGH,
        "Point at a published version or an alias; name an image by digest.",
        frozenset({FUNCTION, *WORKLOADS, *TARGETS}),
        nothing_floats,
    ),
    ResourceRule(
        "layer-version-exact",
        "Functions name the exact versions of their layers.",
        Severity.HIGH,
        "Use the layer version's ARN, which ends in its number.",
        frozenset({FUNCTION}),
        exact_layers,
    ),
    ResourceRule(
        "package-version-exact",
        "Packages, revisions and charts are named by an exact version.",
        Severity.HIGH,
        "Name one version (1.2.3), and the content's SHA-256 in the key.",
        frozenset({LAYER, PARAMETER, *CHARTS}),
        exact_packages,
    ),
)
