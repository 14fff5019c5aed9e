"""rag-api (seed 001): what a release pins of it; replicas, resources, canary, traffic, the decision matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from core.identifiers import ArtifactVersion, Digest, Repository, Version
from core.model import Model
from stacks.artifacts import Pinned
from stacks.system import OtherRelease, Override, SystemRelease, SystemSettings

Quantity = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?(m|[KMGT]i?)?$")]
DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class Canary(Model):
    """A second version that takes a share of the traffic."""

    version: Version
    weight: Annotated[int, Field(ge=0, le=100)] = 10
    """Percent of requests."""
    replicas: Annotated[int, Field(ge=1, le=100)] = 1


class Resources(Model):
    """Requests and limits of one pod."""

    cpu_request: Quantity = "250m"
    cpu_limit: Quantity = "1"
    memory_request: Quantity = "512Mi"
    memory_limit: Quantity = "1Gi"


class Bound(Model):
    """One row of the decision matrix: a warning, and the critical bound that means rollback."""

    warning: float
    critical: float


class DecisionMatrix(Model):
    """Seed 001, "Decision Matrix"; canary bounds from "Automatic Rollback Triggers"."""

    error_rate: Bound = Bound(warning=1.0, critical=5.0)
    """Percent of requests; above."""
    p99_latency: Bound = Bound(warning=500.0, critical=1000.0)
    """Milliseconds; above."""
    availability: Bound = Bound(warning=99.5, critical=99.0)
    """Percent; below."""
    ndcg: Bound = Bound(warning=0.7, critical=0.6)
    """Retrieval quality from 0 to 1; below."""
    complaints: Bound = Bound(warning=3.0, critical=10.0)
    """Reports within ten minutes; from."""
    canary_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    canary_error_rate: Annotated[float, Field(ge=0, le=100)] = 5.0
    canary_p99_latency: Annotated[float, Field(ge=0)] = 500.0
    recovered_p99_latency: Annotated[float, Field(ge=0)] = 300.0
    """Milliseconds; what counts as recovered (seed 001, "Verification Checklist")."""


class RagApiSettings(SystemSettings):
    """The settings under ``rag-api:``."""

    namespace: DnsLabel = "production"
    replicas: Annotated[int, Field(ge=1, le=500)] = 3
    """At least 3 in prod (seed 001, "Verification Checklist")."""
    max_replicas: Annotated[int, Field(ge=1, le=1_000)] = 9
    target_cpu: Annotated[int, Field(ge=10, le=95)] = 70
    """Percent of the request at which the autoscaler adds pods."""
    resources: Resources = Resources()
    canary: Canary | None = None
    hosts: Annotated[tuple[str, ...], Field(min_length=1)] = ("api.example.com",)
    gateways: tuple[str, ...] = ("istio-ingress/public",)
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
    """Old ReplicaSets kept for an instant return."""
    qdrant_url: str = "http://qdrant.data.svc:6333"
    redis_url: str = "redis://redis.data.svc:6379/0"
    openai_base_url: str = "http://openai-gateway.data.svc:8080/v1"
    registry_user: str = "rollback-stack"
    registry_token: str | None = None
    """Secret: ``pulumi config set --secret rag-api:registryToken …``. Without one the pull secret is anonymous."""
    decision_matrix: DecisionMatrix = DecisionMatrix()

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
    """What a release pins of rag-api (seed 001): the image by digest, and its configuration."""

    repository: Repository
    version: ArtifactVersion
    digest: Digest
    config: dict[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")], str] = {}

    @property
    def image(self) -> str:
        """The image reference that a pod runs, pinned by digest."""
        return f"{self.repository}@{self.digest}"

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
