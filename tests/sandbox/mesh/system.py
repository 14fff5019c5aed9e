"""rag-api in a namespace of a test's own, as its stack declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps import catalogue
from components.rag_api.traffic import ISTIO, routes
from components.rag_api.workload import APP, CANARY, PORT, STABLE, config_name
from stacks.rag_api import Canary, RagApiSettings
from tests.sandbox.cluster.local_cluster import LocalCluster

RELEASES = {"1.4.0": "v1.2.1", "1.4.1": "v1.2.2", "1.5.0": "v1.2.3", "2.0.0": "v1.3.0"}
"""Image version -> the release that brings it."""


def image(version: str) -> str:
    return catalogue.image(APP, version).reference


@dataclass(frozen=True)
class System:
    cluster: LocalCluster
    namespace: str
    host: str

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", stdin=list(objects))

    def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def get(self, *arguments: str) -> Any:
        return self.cluster.get("-n", self.namespace, *arguments)

    def deploy(self, version: str = "1.4.0", replicas: int = 2) -> None:
        """Bring it up, reachable from outside."""
        self.apply(*configurations(), deployment(STABLE, version, replicas), *self.traffic(None))
        self.rolled_out(APP)

    def rolled_out(self, name: str) -> None:
        self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=60s")

    def traffic(self, canary: Canary | None) -> list[dict[str, Any]]:
        return [service(), subsets(), self.virtual_service(routes(canary))]

    def virtual_service(self, http: list[dict[str, Any]]) -> dict[str, Any]:
        spec = {"hosts": [self.host], "gateways": list(RagApiSettings().gateways), "http": http}
        return {"apiVersion": ISTIO, "kind": "VirtualService", "metadata": {"name": APP}, "spec": spec}


def configurations() -> list[dict[str, Any]]:
    settings = RagApiSettings()
    urls = {
        "QDRANT_URL": settings.qdrant_url,
        "REDIS_URL": settings.redis_url,
        "OPENAI_BASE_URL": settings.openai_base_url,
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": config_name(release)},
            "data": {**urls, "RELEASE": release},
        }
        for release in RELEASES.values()
    ]


def deployment(track: str, version: str, replicas: int, **container: Any) -> dict[str, Any]:
    """The Deployment of a track; further keywords go into the container."""
    labels = {"app": APP, "track": track}
    probe = {"httpGet": {"path": "/health", "port": PORT}}
    body = {
        "name": APP,
        "image": image(version),
        "ports": [{"name": "http", "containerPort": PORT}],
        "envFrom": [{"configMapRef": {"name": config_name(RELEASES[version])}}],
        "startupProbe": probe,
        "readinessProbe": probe,
        **container,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP if track == STABLE else f"{APP}-{track}"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [body]}},
        },
    }


def service() -> dict[str, Any]:
    spec = {"selector": {"app": APP}, "ports": [{"name": "http", "port": 80, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": APP}, "spec": spec}


def subsets() -> dict[str, Any]:
    spec = {"host": APP, "subsets": [{"name": track, "labels": {"track": track}} for track in (STABLE, CANARY)]}
    return {"apiVersion": ISTIO, "kind": "DestinationRule", "metadata": {"name": APP}, "spec": spec}
