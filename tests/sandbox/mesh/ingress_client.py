"""How a client outside of a cluster reaches a host through the cluster's ingress gateway.

Written for any cluster, and tried here: the product's own checks can be made of it.
"""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import Any


class NoIngressError(Exception):
    """The cluster has no ingress gateway that can be called. The message is one line."""


@dataclass(frozen=True)
class Ingress:
    """Where an ingress gateway is called: an IP address or a host name, and a port."""

    address: str
    port: int
    tls: bool


def find(core: Any, namespace: str = "istio-ingress", name: str = "istio-ingressgateway") -> Ingress:
    """Return the ingress that a cluster's Service tells of: its https port where it has one, else its http port.

    core: a kubernetes CoreV1Api. Source: Istio documentation, "Ingress Gateways", "Determining the ingress IP and
    ports". Raises NoIngressError, and what the client raises.
    """
    service = core.read_namespaced_service(name, namespace)
    points = (service.status.load_balancer and service.status.load_balancer.ingress) or []
    if not points:
        raise NoIngressError(f"Service {namespace}/{name} has no address yet: its load balancer isn't up")
    ports = {each.name: each.port for each in service.spec.ports}
    # A Service's only port needs no name.
    numbers = {each.port: each.port for each in service.spec.ports}
    secure = ports.get("https", numbers.get(443))
    port = secure or ports.get("http2", ports.get("http", numbers.get(80)))
    if port is None:
        raise NoIngressError(f"Service {namespace}/{name} has neither a port https (443) nor http2 (80)")
    return Ingress(points[0].ip or points[0].hostname, port, tls=secure is not None)


def call(
    ingress: Ingress,
    host: str,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    timeout: float = 10.0,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, bytes]:
    """Send one request for a host and return status and body. ``timeout`` in seconds.

    Over TLS the host is what the gateway is told (SNI) and what its certificate has to be for. Raises OSError
    (time-outs and certificates included) and http.client.HTTPException.
    """
    connection = http.client.HTTPConnection(ingress.address, ingress.port, timeout=timeout)
    try:
        connection.connect()
        if ingress.tls:
            context = tls or ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        connection.request(method, path, body, {"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
