"""What a way back needs stays: published versions behind aliases, images under their tags, artifacts in their bucket.

Sources: Lambda Developer Guide, "Lambda function aliases"; ECR User Guide, "Preventing image tags from being
overwritten" and "Lifecycle policies"; S3 User Guide, "Lifecycle configuration elements" and "Archived objects".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from core.model import Model
from policies.rule import NoConfig, PolicyContext, PolicyViolation, ResourceRule, Severity, StackRule
from policies.subject import UNKNOWN, Resource, Stack, dig, items, known
from policies.values import decoded, is_off, number

ALIAS = "aws:lambda/alias:Alias"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
IMAGE_LIFECYCLE: Mapping[str, str] = {
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "policy",
    REPOSITORY_TEMPLATE: "lifecyclePolicy",
}
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
LIFECYCLES: Mapping[str, str] = {
    **dict.fromkeys(BUCKETS, "lifecycleRules"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "rules",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": "rules",
}
"""Type -> the property with its rules."""
TAKERS: Mapping[str, tuple[str, str]] = {
    "aws:lambda/function:Function": ("s3Bucket", "s3Key"),
    "aws:lambda/layerVersion:LayerVersion": ("s3Bucket", "s3Key"),
    "aws:elasticbeanstalk/applicationVersion:ApplicationVersion": ("bucket", "key"),
}
"""Type -> where it names the bucket and the key of its artifact."""
PARAMETER = "aws:ssm/parameter:Parameter"
ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
"""Classes whose objects have to be restored, for hours, before they can be read."""


class Artifacts(Model):
    """Which buckets hold artifacts, beside those that functions, layers and revisions of the stack come from."""

    buckets: tuple[str, ...] = ()
    """Names of buckets, as shell patterns."""


def published(alias: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """An alias leads to published versions, which don't change."""
    version = alias.get("functionVersion")
    if version is None or version == "":
        yield f"{alias.name} names no version"
    elif version is not UNKNOWN and not _number(version):
        yield f"{alias.name} leads to {version}, which isn't a published version"
    others = alias.get("routingConfig.additionalVersionWeights")
    for other in others if isinstance(others, Mapping) else ():
        if not _number(other):
            yield f"{alias.name} sends a share to {other}, which isn't a published version"


def _number(version: object) -> bool:
    return isinstance(version, int | float) or str(version).isdigit()


def immutable(repository: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No tag of a repository is moved to another image."""
    mutability = repository.get("imageTagMutability")
    if mutability is UNKNOWN:
        return
    if not str(mutability or "MUTABLE").upper().startswith("IMMUTABLE"):
        yield f"{repository.name}: imageTagMutability is {mutability or 'left out, which means MUTABLE'}"
    elif str(mutability).upper() == "IMMUTABLE_WITH_EXCLUSION":
        filters = [dig(each, "filter") for each in items(repository.get("imageTagMutabilityExclusionFilters"))]
        if any(isinstance(each, str) and not each.strip("*") for each in filters):
            yield f"{repository.name}: the exclusion filter * takes every tag out"


def images_kept(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """No lifecycle policy of a repository expires or archives images that have a tag: releases are among them."""
    for rule in items(dig(decoded(resource.get(IMAGE_LIFECYCLE[resource.type])), "rules")):
        status = dig(rule, "selection.tagStatus")
        verb = "archives" if dig(rule, "action.type") == "transition" else "expires"
        if status in ("any", "tagged") and _live(rule):
            yield f"{resource.name}: rule {dig(rule, 'rulePriority')} {verb} images with tagStatus {status}"


def _live(rule: object) -> bool:
    """Whether a rule takes images that can be pulled: those in the archive can't any more."""
    return str(dig(rule, "selection.storageClass")).lower() != "archive"


def kept(stack: Stack, config: Artifacts, _facts: PolicyContext) -> Iterator[PolicyViolation]:
    """No lifecycle rule takes the artifacts of releases away, or puts them where they can't be read at once."""
    by_urn, by_name = _artifacts(stack)
    for holder in stack.of(*LIFECYCLES):
        buckets = [holder] if holder.type in BUCKETS else stack.sources(holder, "bucket", *BUCKETS)
        name = holder.get("bucket")
        keys = [key for bucket in buckets for key in by_urn.get(bucket.urn, ())] + by_name.get(str(name), [])
        named = isinstance(name, str) and any(fnmatchcase(name, pattern) for pattern in config.buckets)
        for index, rule in enumerate(items(holder.get(LIFECYCLES[holder.type])) if keys or named else ()):
            if named or any(_meets(rule, key) for key in keys):
                for verb in _takes(rule):
                    yield PolicyViolation(
                        f"{holder.name}: rule {dig(rule, 'id') or index} {verb} artifacts of releases", holder
                    )


def _artifacts(stack: Stack) -> tuple[dict[str, list[str | None]], dict[str, list[str | None]]]:
    """The keys that resources of the stack take their code from, by the bucket's URN and by its name."""
    by_urn: dict[str, list[str | None]] = {}
    by_name: dict[str, list[str | None]] = {}
    for kind, (bucket_path, key_path) in TAKERS.items():
        for taker in stack.of(kind):
            key = taker.get(key_path)
            key = key if isinstance(key, str) else None
            if isinstance(name := taker.get(bucket_path), str):
                by_name.setdefault(name, []).append(key)
            for bucket in stack.sources(taker, bucket_path, *BUCKETS):
                by_urn.setdefault(bucket.urn, []).append(key)
    for parameter in stack.of(PARAMETER):
        revision = next((each for path in ("insecureValue", "value") if (each := _revision(parameter.get(path)))), None)
        if revision is not None:
            by_name.setdefault(str(revision["bucket"]), []).append(str(revision["key"]))
    return by_urn, by_name


def _revision(text: object) -> Mapping[str, Any] | None:
    found = decoded(text) if isinstance(text, str) and text.lstrip().startswith("{") else None
    return found if isinstance(found, Mapping) and {"bucket", "key"} <= found.keys() else None


def _meets(rule: object, key: str | None) -> bool:
    """Whether a lifecycle rule may be about an object, untagged as artifacts are; one that isn't known may be any."""
    if any(items(dig(rule, path)) for path in ("tags", "filter.tag", "filter.tags", "filter.and.tags")):
        return False
    prefixes = [dig(rule, path) for path in ("prefix", "filter.prefix", "filter.and.prefix")]
    return all(key is None or key.startswith(prefix) for prefix in prefixes if isinstance(prefix, str))


def _takes(rule: object) -> Iterator[str]:
    """What a rule does to objects that keeps a release from being deployed again."""
    if is_off(dig(rule, "enabled")) or str(dig(rule, "status")).lower() == "disabled":
        return
    if any(_given(dig(each, path)) for each in _parts(rule, "expiration") for path in ("days", "date")):
        yield "expires"
    noncurrent = ("noncurrentDays", "days", "newerNoncurrentVersions")
    if any(_given(dig(each, path)) for each in _parts(rule, "noncurrentVersionExpiration") for path in noncurrent):
        yield "expires older versions of"
    for name, verb in (("transition", "archives"), ("noncurrentVersionTransition", "archives older versions of")):
        if any(dig(each, "storageClass") in ARCHIVES for each in _parts(rule, name)):
            yield verb


def _parts(rule: object, name: str) -> list[Any]:
    """The parts of a rule by a name: one type of the SDK has a list where another has one object."""
    return [each for path in (name, f"{name}s") for each in items(dig(rule, path))]


def _given(value: object) -> bool:
    """Whether there is a value; a state has 0 where nothing was said."""
    return known(value) and value != "" and number(value) != 0


RULES = (
    ResourceRule(
        name="alias-published-version",
        description="Every alias leads to a published version.",
        severity=Severity.HIGH,
        remedy="Set functionVersion to the number of a published version.",
        types=frozenset({ALIAS}),
        check=published,
    ),
    ResourceRule(
        name="image-tags-immutable",
        description="No tag of a repository can be moved to another image.",
        severity=Severity.HIGH,
        remedy="Set imageTagMutability to IMMUTABLE.",
        types=frozenset({REPOSITORY, REPOSITORY_TEMPLATE}),
        check=immutable,
    ),
    ResourceRule(
        name="image-retention",
        description="No image that a release may name expires.",
        severity=Severity.HIGH,
        remedy="Let lifecycle policies expire untagged images alone.",
        types=frozenset(IMAGE_LIFECYCLE),
        check=images_kept,
    ),
    StackRule(
        name="artifact-retention",
        description="No artifact of a release expires or is archived.",
        severity=Severity.HIGH,
        remedy="Take the rule away, or bound it by a prefix under which no artifact lies.",
        check=kept,
        config=Artifacts,
    ),
)
