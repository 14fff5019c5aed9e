"""Pinning: what runs is named by its content, so that a release means the same tomorrow.

Sources: OCI image specification (digests); Lambda API, CreateFunction, PublishLayerVersion; S3 User
Guide, "How S3 Versioning works" (the version null).
"""

from __future__ import annotations

from collections.abc import Iterator

from policies import floating, packages
from policies.images import FUNCTION, ImageTypes, images, pinned
from policies.packages import BY_CONTENT, LAYER
from policies.rule import NoConfig, PolicyContext, ResourceRule, Rule, Severity
from policies.subject import Resource


def by_digest(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Images are named by digest."""
    for name, image in images(resource):
        if isinstance(image, str) and not pinned(image):
            yield f"{name} runs {image or 'no image'}, which isn't pinned by digest"


def by_hash(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Code comes with its hash, from a key or an object version that names its content."""
    if resource.get("imageUri") is not None or resource.get("packageType") == "Image":
        return
    if not resource.get("sourceCodeHash"):
        yield f"{resource.name} has no sourceCodeHash: other code in the same place would go unnoticed"
    key, version = resource.get("s3Key"), resource.get("s3ObjectVersion")
    if isinstance(key, str) and version in (None, "", "null") and not BY_CONTENT.fullmatch(key):
        yield f"{resource.name}: s3Key {key} doesn't end in the content's SHA-256, and s3ObjectVersion isn't given"


RULES: tuple[Rule, ...] = (
    ResourceRule(
        name="image-digest",
        description="Container images are pinned by digest.",
        severity=Severity.HIGH,
        remedy="Name the image as repository@sha256:…; a tag can be moved.",
        types=ImageTypes(),
        check=by_digest,
    ),
    ResourceRule(
        name="function-code-hash",
        description="Functions and layers are pinned by their content.",
        severity=Severity.HIGH,
        remedy=("Set sourceCodeHash, and take the code from a key that ends in its SHA-256, or name s3ObjectVersion."),
        types=frozenset({FUNCTION, LAYER}),
        check=by_hash,
    ),
    *floating.RULES,
    *packages.RULES,
)
