"""Istio's standard metrics, as the ingress gateway reports them.

Source: Istio documentation, "Istio Standard Metrics"; Envoy documentation, "Metrics configuration" (buckets).
As on a real cluster the version of a destination is its pods' label ``version``; what is not known is "unknown".
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from sandbox.mesh import ingress
from sandbox.mesh.endpoints import Upstream, workload
from sandbox.mesh.names import DOMAIN
from sandbox.mesh.routes import Object

UNKNOWN = "unknown"
BUCKETS_MS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6)
CLUSTER = "Kubernetes"
"""What Istio calls the only cluster of a mesh."""

_FIXED = {
    "reporter": "source",
    "source_workload": ingress.SERVICE,
    "source_workload_namespace": ingress.NAMESPACE,
    "source_principal": UNKNOWN,
    "source_app": ingress.SERVICE,
    "source_version": UNKNOWN,
    "source_canonical_service": ingress.SERVICE,
    "source_canonical_revision": "latest",
    "source_cluster": CLUSTER,
    "destination_principal": UNKNOWN,
    "destination_cluster": CLUSTER,
    "request_protocol": "http",
    "connection_security_policy": UNKNOWN,
}
_VARYING = (
    "destination_workload",
    "destination_workload_namespace",
    "destination_app",
    "destination_version",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "response_code",
    "response_flags",
)
_LABELS = (*_FIXED, *_VARYING)


class Metrics:
    """Counts requests since the start of the gateway."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._count = Counter(
            "istio_requests_total",
            "Requests handled by an Istio proxy.",
            _LABELS,
            registry=self._registry,
        )
        self._duration = Histogram(
            "istio_request_duration_milliseconds",
            "Duration of requests.",
            _LABELS,
            registry=self._registry,
            buckets=BUCKETS_MS,
        )

    def count(self, upstream: Upstream | None, pod: Object | None, code: int, flags: str, milliseconds: float) -> None:
        """Count a request: to whom it went, None where it didn't come that far; its answer, and why ("-": as usual)."""
        values = {**_FIXED, **_service(upstream), **_workload(pod), "response_code": str(code), "response_flags": flags}
        self._count.labels(**values).inc()
        self._duration.labels(**values).observe(milliseconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


def _service(upstream: Upstream | None) -> dict[str, str]:
    keys = ("destination_service", "destination_service_name", "destination_service_namespace")
    if upstream is None:
        return dict.fromkeys(keys, UNKNOWN)
    name, namespace = upstream.service, upstream.namespace
    return dict(zip(keys, (f"{name}.{namespace}.{DOMAIN}", name, namespace), strict=True))


def _workload(pod: Object | None) -> dict[str, str]:
    if pod is None:
        return dict.fromkeys(_VARYING[:6], UNKNOWN)
    labels: Mapping[str, str] = pod["metadata"].get("labels") or {}
    name = workload(pod)
    service = _first(labels, "service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
    revision = _first(labels, "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")
    return {
        "destination_workload": name,
        "destination_workload_namespace": pod["metadata"]["namespace"],
        "destination_app": labels.get("app", UNKNOWN),
        "destination_version": labels.get("version", UNKNOWN),
        "destination_canonical_service": service or name,
        "destination_canonical_revision": revision or "latest",
    }


def _first(labels: Mapping[str, str], *keys: str) -> str:
    return next((labels[key] for key in keys if labels.get(key)), "")
