"""Packages, revisions, layers and charts: each is named by one exact version.

Sources: Lambda API, PublishLayerVersion, CreateFunction (Layers); Helm, "helm install" (--version, --devel) and "Use
OCI-based registries"; Serverless Application Repository API, CreateCloudFormationTemplate; Flux, HelmRelease and
GitRepository; Argo CD, "Tracking and Deployment Strategies".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.images import FUNCTION
from policies.pods import manifest, objects
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items, known
from policies.values import decoded, is_on

LAYER = "aws:lambda/layerVersion:LayerVersion"
APPLICATION = "aws:serverlessrepository/cloudFormationStack:CloudFormationStack"
PARAMETER = "aws:ssm/parameter:Parameter"
CHARTS: Final = frozenset(
    {
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:helm.sh/v4:Chart",
        *(f"kubernetes:helm.sh/{version}:Chart" for version in ("v2", "v3")),
    }
)
BY_CONTENT: Final = re.compile(r"(.*[/._-])?[0-9a-f]{64}(\.[a-z0-9.]+)?", re.DOTALL)
"""An object's key that ends with a SHA-256."""
EXACT: Final = re.compile(r"=?v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
EXACT_IN_KEY: Final = re.compile(r"(^|/)v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?/")
LAYER_ARN: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d+:layer:[A-Za-z0-9_-]+:[1-9]\d*")
COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class PackageTypes:
    """Every type that names a package, a revision or a chart."""

    def __contains__(self, token: object) -> bool:
        return (
            token in (APPLICATION, LAYER, PARAMETER)
            or token in CHARTS
            or (isinstance(token, str) and _delivered(token) is not None)
        )


def exact_layers(function: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """A function's layers are versions."""
    for layer in items(function.get("layers")):
        if known(layer) and not LAYER_ARN.fullmatch(str(layer)):
            yield f"{function.name}: layer {layer} isn't a layer version's ARN"


def exact_packages(resource: Resource, _config: NoConfig, _facts: PolicyContext) -> Iterator[str]:
    """Packages, revisions and charts are named by an exact version."""
    if resource.type in CHARTS:
        yield from _chart(resource)
    elif resource.type == LAYER:
        key = resource.get("s3Key")
        if isinstance(key, str) and not EXACT_IN_KEY.search(key):
            yield f"{resource.name}: s3Key {key} names no exact version of the package"
    elif resource.type == PARAMETER:
        yield from _revision(resource)
    elif resource.type == APPLICATION:
        version = resource.get("semanticVersion")
        if version is None or version == "":
            yield f"{resource.name} takes the newest version of the application"
        elif known(version) and not exact(version):
            yield f"{resource.name} takes {version}, which is no exact version of the application"
    elif (find := _delivered(resource.type)) is not None:
        of = manifest(resource.type)
        for name, each in objects(resource):
            yield from (f"{name} {fault}" for fault in find(each, of is not None and of.partial))


def exact(version: object) -> bool:
    """Whether a version is exactly one (``1.2.3``, ``v1.2.3-rc.1``, ``=1.2.3``)."""
    return isinstance(version, str) and EXACT.fullmatch(version.strip()) is not None


def _chart(resource: Resource) -> Iterator[str]:
    version, chart = resource.get("version"), resource.get("chart")
    if version is None:
        version = resource.get("fetchOpts.version")
    repository = next(
        (each for path in ("repositoryOpts.repo", "fetchOpts.repo", "repo") if (each := resource.get(path))), None
    )
    if known(version) and version != "":
        if not exact(version):
            yield f"{resource.name} takes any chart version that fits {version}"
    elif version is None or version == "":
        if is_on(resource.get("devel")):
            yield f"{resource.name} takes the newest chart version, drafts included (devel)"
        elif repository is not None or _remote(chart):
            yield f"{resource.name} takes the newest chart version"


def _remote(chart: object) -> bool:
    """Whether a chart is looked up by its name, so that a version decides which one it is."""
    if not isinstance(chart, str) or chart.startswith((".", "/", "~")) or chart.endswith((".tgz", ".tar.gz")):
        return False
    return chart.startswith("oci://") and "@sha256:" not in chart


def _revision(parameter: Resource) -> Iterator[str]:
    """What a parameter says where it names a revision in a bucket: ``{"bucket", "key", "version"}``."""
    for path in ("insecureValue", "value"):
        text = parameter.get(path)
        if isinstance(text, str) and text.lstrip().startswith("{"):
            found = decoded(text)
            if dig(found, "bucket") is None or dig(found, "key") is None:
                return
            version, key = dig(found, "version"), dig(found, "key")
            if not exact(version):
                yield f"{parameter.name}: the revision's version {version} isn't exact"
            if not BY_CONTENT.fullmatch(str(key)):
                yield f"{parameter.name}: the revision's key {key} doesn't end in the content's SHA-256"
            return


def _delivered(token: str) -> Any:
    """The check of a custom resource that delivers charts or repositories by itself."""
    of = manifest(token)
    return None if of is None else DELIVERED.get((of.group, of.kind))


def _helm_release(found: Mapping[str, Any], partial: bool) -> Iterator[str]:
    chart = dig(found, "spec.chart.spec")
    version = dig(chart, "version")
    if version is None:
        if isinstance(chart, Mapping) and not partial and not str(dig(chart, "chart")).startswith("."):
            yield "takes the newest chart version"
    elif known(version) and not exact(version):
        yield f"takes any chart version that fits {version}"


def _application(found: Mapping[str, Any], partial: bool) -> Iterator[str]:
    sources = [*items(dig(found, "spec.source")), *items(dig(found, "spec.sources"))]
    for source in sources:
        revision, chart = dig(source, "targetRevision"), dig(source, "chart")
        if isinstance(revision, str) and "{{" in revision:
            continue
        if revision in (None, "", "HEAD"):
            if isinstance(source, Mapping) and not (partial and revision is None):
                yield "follows the newest revision (targetRevision)"
        elif known(revision) and not exact(revision) and (chart is not None or not COMMIT.fullmatch(str(revision))):
            yield f"follows {revision}, which is no exact version or commit (targetRevision)"


def _applications(found: Mapping[str, Any], partial: bool) -> Iterator[str]:
    """A set makes applications of a template; what stands in ``{{ }}`` comes from its generators."""
    template = dig(found, "spec.template")
    if isinstance(template, Mapping):
        yield from _application(template, partial)


def _repository(found: Mapping[str, Any], partial: bool) -> Iterator[str]:
    reference = dig(found, "spec.ref")
    if not isinstance(reference, Mapping):
        if known(dig(found, "spec")) and reference is None and not partial:
            yield "follows the newest revision (ref)"
        return
    if any(value in reference for value in ("commit", "digest")):
        for kind, pattern in (("commit", COMMIT), ("digest", DIGEST)):
            value = reference.get(kind)
            if isinstance(value, str) and not pattern.fullmatch(value):
                yield f"follows {value}, which is no whole {kind} (ref.{kind})"
        return
    for kind in ("branch", "semver", "name", "tag"):
        value = reference.get(kind)
        if isinstance(value, str) and not (kind in ("tag", "semver") and exact(value)):
            yield f"follows {value}, which is no exact version or commit (ref.{kind})"


DELIVERED: Final[Mapping[tuple[str, str], Any]] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): _helm_release,
    ("source.toolkit.fluxcd.io", "GitRepository"): _repository,
    ("source.toolkit.fluxcd.io", "OCIRepository"): _repository,
    ("argoproj.io", "Application"): _application,
    ("argoproj.io", "ApplicationSet"): _applications,
}
"""Group and kind -> what is wrong with one."""

LAYERS = ResourceRule(
    name="layer-version-exact",
    description="Functions name the exact versions of their layers.",
    severity=Severity.HIGH,
    remedy="Use the layer version's ARN, which ends in its number.",
    types=frozenset({FUNCTION}),
    check=exact_layers,
)
PACKAGES = ResourceRule(
    name="package-version-exact",
    description="Packages, revisions and charts are named by an exact version.",
    severity=Severity.HIGH,
    remedy="Name one version (1.2.3), a commit of a repository, and the content's SHA-256 in the key.",
    types=PackageTypes(),
    check=exact_packages,
)
RULES = (LAYERS, PACKAGES)
