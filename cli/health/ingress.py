"""Requests through the cluster's own ingress gateway, whatever the public name servers say.

Source: Istio, "Determining the ingress IP and ports": the address is in the status of the gateway's Service.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 30
"""How long an answer may take."""


class NoIngressError(RuntimeError):
    """The gateway has no address, or no port for requests. The message is one line."""


@dataclass(frozen=True)
class Ingress:
    """Where the gateway listens."""

    address: str
    port: int
    tls: bool

    def call(self, host: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON that ``host`` answers with, a POST where there is a body.

        Raises ``OSError`` where nothing answers, ``http.client.HTTPException`` for a status of 400 and above.
        """
        connection = http.client.HTTPConnection(self.address, self.port, timeout=SECONDS)
        try:
            connection.connect()
            if self.tls:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
            headers = {"Host": host, "content-type": "application/json"}
            text = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, body=text, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise http.client.HTTPException(f"{host}{path} answers with {answer.status} {answer.reason}")
        return json.loads(content)


def find(service: str) -> Ingress:
    """The ingress behind a Service, named ``<namespace>/<name>``.

    Raises ``NoIngressError``, and what the Kubernetes client raises.
    """
    from kubernetes import client, config

    config.load_kube_config()
    namespace, _, name = service.partition("/")
    found = client.CoreV1Api().read_namespaced_service(name, namespace)
    points = (found.status.load_balancer and found.status.load_balancer.ingress) or []
    if not points:
        raise NoIngressError(f"the ingress Service {service} has no address yet")
    named = {each.name: each.port for each in found.spec.ports}
    numbered = {each.port: each.port for each in found.spec.ports}
    secure = named.get("https", numbered.get(443))
    port = secure or named.get("http2", named.get("http", numbered.get(80)))
    if port is None:
        raise NoIngressError(f"the ingress Service {service} has no port named https, http2 or http")
    return Ingress(points[0].ip or points[0].hostname, port, secure is not None)
