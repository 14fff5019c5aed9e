"""The ingress as the cluster knows it: namespace, Service with its address, and the gateway that VirtualServices name.

A client finds the ingress as on any cluster (Istio documentation, "Ingress Gateways", "Determining the ingress IP and
ports"): the address is in the Service's status, and its port is the Service's port, here the one this server listens on
instead of 80, which only root may use. There are no pods behind the Service and so no endpoints.
"""

from __future__ import annotations

from typing import Any

from sandbox.mesh.cluster import Cluster

NAMESPACE = "istio-ingress"
SERVICE = "istio-ingressgateway"
GATEWAY = "public"
ADDRESS = "127.0.0.1"
LABELS = {"app": SERVICE, "istio": "ingressgateway"}
"""What Istio's own gateways carry, and what a Gateway selects."""
OWN = {"app.kubernetes.io/managed-by": "rollback-stack-sandbox"}

_ISTIO = "networking.istio.io/v1"


async def announce(cluster: Cluster, port: int) -> None:
    """Make what is missing, and write the address into the Service's status."""
    for path, body in _objects(port):
        await cluster.apply(path, body)
    gateway = f"/apis/{_ISTIO}/namespaces/{NAMESPACE}/gateways/{GATEWAY}"
    # Who runs a cluster may have made the gateway, for hosts of their own choice.
    if await cluster.get(gateway) is None:
        await cluster.apply(gateway, _gateway())
    ingress = [{"ip": ADDRESS, "ports": [{"port": port, "protocol": "TCP"}]}]
    status = {**_head("v1", "Service", SERVICE), "status": {"loadBalancer": {"ingress": ingress}}}
    await cluster.apply(f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}/status", status)


def _objects(port: int) -> list[tuple[str, dict[str, Any]]]:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": OWN}}
    service = {
        **_head("v1", "Service", SERVICE),
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,
            "ports": [{"name": "http2", "port": port, "targetPort": port, "protocol": "TCP"}],
        },
    }
    return [
        (f"/api/v1/namespaces/{NAMESPACE}", namespace),
        (f"/api/v1/namespaces/{NAMESPACE}/services/{SERVICE}", service),
    ]


def _gateway() -> dict[str, Any]:
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    return {
        **_head(_ISTIO, "Gateway", GATEWAY),
        "spec": {"selector": {"istio": LABELS["istio"]}, "servers": [server]},
    }


def _head(version: str, kind: str, name: str) -> dict[str, Any]:
    labels = {**LABELS, **OWN}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
    }
