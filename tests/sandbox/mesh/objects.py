"""Objects of a cluster, as its API gives them, for tests without one."""

from __future__ import annotations

from typing import Any

ISTIO = "networking.istio.io/v1"


def virtual_service(
    hosts: list[str],
    http: list[dict[str, Any]],
    *,
    name: str = "routes",
    namespace: str = "production",
    gateways: list[str] | None = None,
    created: str = "2026-01-01T00:00:00Z",
) -> dict[str, Any]:
    spec = {"hosts": hosts, "gateways": gateways or ["istio-ingress/public"], "http": http}
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": created}, "spec": spec}


def gateway(
    *hosts: str, name: str = "public", selector: str = "ingressgateway", protocol: str = "HTTP"
) -> dict[str, Any]:
    servers = [{"port": {"number": 80, "name": "http", "protocol": protocol}, "hosts": list(hosts)}]
    return {
        "metadata": {"name": name, "namespace": "istio-ingress"},
        "spec": {"selector": {"istio": selector}, "servers": servers},
    }


def route(host: str, **more: Any) -> dict[str, Any]:
    return {"route": [{"destination": {"host": host}}], **more}


def service(name: str = "api", port: int = 80, target: int | str = 8000, **selector: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "production"},
        "spec": {"selector": selector or {"app": name}, "ports": [{"port": port, "targetPort": target}]},
    }


def destination_rule(host: str = "api", **subsets: dict[str, str]) -> dict[str, Any]:
    named = [{"name": name, "labels": labels} for name, labels in subsets.items()]
    return {"metadata": {"name": host, "namespace": "production"}, "spec": {"host": host, "subsets": named}}


def pod(name: str, *, ready: bool = True, namespace: str = "production", **labels: str) -> dict[str, Any]:
    container = {"name": "app", "image": "example.test/app:1", "ports": [{"name": "http", "containerPort": 8000}]}
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {"app": "api"}},
        "spec": {"containers": [container], "nodeName": "node-1"},
        "status": {"podIP": "10.244.0.9", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }
