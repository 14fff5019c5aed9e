"""rag-api: what a release pins of it; replicas, resources, canary, traffic, the decision matrix.

Source: runbook rag-api (docs/runbooks/rag-api.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from core.identifiers import ArtifactVersion, Digest, Repository, Version
from core.model import Model
from stacks.artifacts import Pinned
from stacks.registries import Registry, registry_of
from stacks.system import OtherRelease, Override, SystemRelease, SystemSettings

Quantity = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?(m|[KMGT]i?)?$")]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Canary(Model):
    """A second version that takes a share of the traffic."""

    version: Version
    """The release that the canary runs."""
    weight: Annotated[int, Field(ge=0, le=100)] = 10
    """Percent of requests that it gets."""
    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    """Pods of the canary."""


class Resources(Model):
    """Requests and limits of one pod."""

    cpu_request: Quantity = "250m"
    """Processor that a pod is promised, as Kubernetes writes it: 250m is a quarter."""
    cpu_limit: Quantity = "1"
    """Processor that a pod may use at most."""
    memory_request: Quantity = "512Mi"
    """Memory that a pod is promised, as Kubernetes writes it."""
    memory_limit: Quantity = "1Gi"
    """Memory with which a pod is ended."""


class Bound(Model):
    """One row of the decision matrix: a warning, and the critical bound that means rollback."""

    warning: float
    """The bound of a warning."""
    critical: float
    """The bound that means going back."""


class DecisionMatrix(Model):
    """When to go back: runbook rag-api, decision matrix; bounds of a canary: runbook rag-api, automatic triggers."""

    error_rate: Bound = Bound(warning=1.0, critical=5.0)
    """Percent of requests that fail; above it."""
    p99_latency: Bound = Bound(warning=500.0, critical=1000.0)
    """Milliseconds, 99th percentile; above it."""
    availability: Bound = Bound(warning=99.5, critical=99.0)
    """Percent of time; below it."""
    ndcg: Bound = Bound(warning=0.7, critical=0.6)
    """Quality of retrieval as NDCG, a share from 0 to 1; below it."""
    complaints: Bound = Bound(warning=3.0, critical=10.0)
    """Complaints within ten minutes; from that many on."""
    canary_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    """Minutes that a canary has to become healthy in."""
    canary_error_rate: Annotated[float, Field(ge=0, le=100)] = 5.0
    """Percent of a canary's requests that may fail."""
    canary_p99_latency: Annotated[float, Field(ge=0)] = 500.0
    """Milliseconds, 99th percentile of a canary; above it, the canary ends."""
    recovered_p99_latency: Annotated[float, Field(ge=0)] = 300.0
    """Milliseconds, 99th percentile below which it counts as recovered (runbook rag-api, verification checklist)."""


class RagApiSettings(SystemSettings):
    """The settings under ``rag-api:``."""

    namespace: DnsLabel = "production"
    """The namespace of all its objects."""
    replicas: Annotated[int, Field(ge=1, le=500)] = 3
    """Pods, at the least; 3 in prod (runbook rag-api, verification checklist)."""
    max_replicas: Annotated[int, Field(ge=1, le=1_000)] = 9
    """Pods that the autoscaler may make, at the most."""
    target_cpu: Annotated[int, Field(ge=10, le=95)] = 70
    """Percent of the requested processor at which the autoscaler adds pods."""
    resources: Resources = Resources()
    canary: Canary | None = None
    hosts: Annotated[tuple[str, ...], Field(min_length=1)] = ("api.example.com",)
    """The host names that its VirtualService answers to."""
    gateways: tuple[str, ...] = ("istio-ingress/public",)
    """The Istio gateways that lead to it, as ``namespace/name``."""
    ingress_service: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")] = (
        "istio-ingress/istio-ingressgateway"
    )
    """The Service of the gateway, ``<namespace>/<name>``: its status says where checks send their requests."""
    progress_deadline: Annotated[int, Field(ge=5, le=3_600)] = 300
    """Seconds without progress after which a rollout counts as failed."""
    pod_start: Annotated[int, Field(ge=1, le=600)] = 30
    """Seconds that a pod takes to become ready. Pods are replaced one after the other, so an update waits that long for
    each that there may be, and for `progress_deadline` besides; then it fails."""
    revision_history: Annotated[int, Field(ge=2, le=100)] = 10
    """ReplicaSets of earlier releases that are kept for an instant return."""
    qdrant_url: str = "http://qdrant.data.svc:6333"
    """Where the vector database answers."""
    redis_url: str = "redis://redis.data.svc:6379/0"
    """Where the cache answers."""
    openai_base_url: str = "http://openai-gateway.data.svc:8080/v1"
    """Where the language model answers."""
    registry: Registry | None = None
    """The registry that the login is for, such as ``registry.example.com:5000`` or ``registry.example.com/team``, where
    it is good for a part; ``docker.io`` for Docker Hub. Absent, the one that the running release's image names."""
    registry_user: str = "rollback-stack"
    """The user of the image registry's pull secret."""
    registry_token: str | None = None
    """Secret: ``pulumi config set --secret rag-api:registryToken …``. Without one the pull secret is anonymous."""
    decision_matrix: DecisionMatrix = DecisionMatrix()
    """Only written down: nothing watches it yet."""

    @model_validator(mode="after")
    def _scale_fits(self) -> RagApiSettings:
        if self.max_replicas < self.replicas:
            raise ValueError(f"maxReplicas ({self.max_replicas}) is below replicas ({self.replicas})")
        return self

    def other_releases(self) -> Mapping[str, OtherRelease]:
        """The canary's."""
        return {"canary": OtherRelease(self.canary.version, " to run as a canary")} if self.canary else {}

    def overrides(self, pin: str) -> Iterator[Override]:
        """A canary that gets requests and runs another release."""
        if self.canary and self.canary.weight and self.canary.version != pin:
            share = f"{self.canary.weight} % of requests go to the canary {self.canary.version}"
            yield Override("canary", f"rag-api runs {pin}, and {share}", other_release=True)


class RagApiRelease(SystemRelease):
    """What a release pins of rag-api: the image by digest, and its configuration."""

    repository: Repository
    version: ArtifactVersion
    digest: Digest
    config: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = {}

    @property
    def image(self) -> str:
        """The image reference that a pod runs, pinned by digest."""
        return f"{self.repository}@{self.digest}"

    @property
    def registry(self) -> str:
        """The registry that the image lies in."""
        return registry_of(self.repository)

    def pinned(self, system: str) -> Iterator[Pinned]:
        """The image."""
        name, sha256 = self.repository.rpartition("/")[2], self.digest.removeprefix("sha256:")
        yield Pinned("images", system, name, self.version, sha256, self.image)

    def deployed(
        self,
        system: str,
        named: Mapping[str, SystemRelease],
        window: Callable[[], Mapping[str, SystemRelease]],  # noqa: ARG002 - of the base
    ) -> Iterator[Pinned]:
        """The image, and the canary's."""
        yield from self.pinned(system)
        if "canary" in named:
            yield from named["canary"].pinned(system)
