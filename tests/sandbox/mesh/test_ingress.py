"""How a client finds the ingress: on the local cluster, and as a real cluster would answer."""

from __future__ import annotations

import datetime
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from kubernetes import client, config

from tests.sandbox.cluster.local_cluster import LocalCluster
from tests.sandbox.mesh.ingress_client import Ingress, NoIngressError, call, find
from tests.sandbox.mesh.local_mesh import LocalMesh
from tests.sandbox.mesh.system import System

HOST = "api.example.com"


class Core:
    """A CoreV1Api with one Service."""

    def __init__(self, ports: dict[str | None, int], point: dict[str, str] | None) -> None:
        named = [client.V1ServicePort(name=name, port=port) for name, port in ports.items()]
        ingress = None if point is None else [client.V1LoadBalancerIngress(**point)]
        balancer = client.V1LoadBalancerStatus(ingress=ingress)
        self.service = client.V1Service(
            spec=client.V1ServiceSpec(ports=named), status=client.V1ServiceStatus(load_balancer=balancer)
        )

    def read_namespaced_service(self, name: str, namespace: str) -> Any:
        assert (namespace, name) == ("istio-ingress", "istio-ingressgateway")
        return self.service


@pytest.mark.parametrize(
    ("ports", "point", "expected"),
    [
        ({"status-port": 15021, "http2": 80, "https": 443}, {"ip": "203.0.113.5"}, Ingress("203.0.113.5", 443, True)),
        ({"https": 8443}, {"hostname": "lb.example.net"}, Ingress("lb.example.net", 8443, True)),
        ({"http2": 80}, {"ip": "203.0.113.5"}, Ingress("203.0.113.5", 80, False)),
        ({None: 80}, {"ip": "203.0.113.5"}, Ingress("203.0.113.5", 80, False)),
        ({"http2": 18080}, {"ip": "127.0.0.1"}, Ingress("127.0.0.1", 18080, False)),
    ],
)
def test_the_service_tells_where(ports: dict[str | None, int], point: dict[str, str], expected: Ingress) -> None:
    assert find(Core(ports, point)) == expected


def test_a_service_without_address_or_port_is_told() -> None:
    with pytest.raises(NoIngressError, match="no address yet"):
        find(Core({"http2": 80}, None))
    with pytest.raises(NoIngressError, match="neither a port"):
        find(Core({"status-port": 15021}, {"ip": "203.0.113.5"}))


@pytest.mark.sandbox
def test_the_local_cluster_tells_where(cluster: LocalCluster, mesh: LocalMesh, system: System) -> None:
    system.deploy("1.5.0")
    core = client.CoreV1Api(config.new_client_from_config(config_file=str(cluster.kubeconfig)))
    ingress = find(core)
    assert ingress == Ingress("127.0.0.1", mesh.port, tls=False)
    status, body = call(ingress, system.host, "/health")
    assert status == 200
    assert b'"release": "v1.2.3"' in body
    assert call(ingress, system.host, "/query", "POST", b'{"query": "canary"}')[0] == 200


@pytest.mark.sandbox
def test_istios_own_instructions_read_it(cluster: LocalCluster, mesh: LocalMesh) -> None:
    def read(path: str) -> str:
        return cluster.kubectl("-n=istio-ingress", "get", "service", "istio-ingressgateway", f"-o=jsonpath={path}")

    assert read("{.status.loadBalancer.ingress[0].ip}") == "127.0.0.1"
    assert read('{.spec.ports[?(@.name=="http2")].port}') == str(mesh.port)
    assert read('{.spec.ports[?(@.name=="https")].port}') == ""
    labels = cluster.get("namespace", "istio-ingress")["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "rollback-stack-sandbox"


@pytest.mark.sandbox
def test_nobody_else_changes_the_address(cluster: LocalCluster, mesh: LocalMesh) -> None:
    def version() -> str:
        service = cluster.get("service", "istio-ingressgateway", "-n", "istio-ingress")
        assert service["status"]["loadBalancer"]["ingress"][0]["ip"] == "127.0.0.1"
        return str(service["metadata"]["resourceVersion"])

    assert mesh.is_ready()
    before = version()
    time.sleep(2)
    assert version() == before


@pytest.fixture
def secure_server(tmp_path: Path) -> Iterator[tuple[int, list[str | None], Path]]:
    """A server with a certificate for HOST: its port, the names it was called by, the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    public, pair = tmp_path / "public.pem", tmp_path / "pair.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pair.write_bytes(public.read_bytes() + private)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = f"{self.headers['Host']} {self.path}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], names, public
    server.shutdown()
    thread.join()
    server.server_close()


def test_over_tls_the_host_is_named_and_verified(secure_server: tuple[int, list[str | None], Path]) -> None:
    port, names, public = secure_server
    ingress = Ingress("127.0.0.1", port, tls=True)
    trusting = ssl.create_default_context(cafile=str(public))
    assert call(ingress, HOST, "/health", tls=trusting) == (200, b"api.example.com /health")
    assert names == [HOST]
    with pytest.raises(ssl.SSLCertVerificationError):
        call(ingress, HOST, "/health")
    with pytest.raises(ssl.SSLCertVerificationError):
        call(ingress, "other.example.com", "/health", tls=trusting)
