"""Which cluster to talk to: the provider's settings and the kubeconfig.

Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files".
"""

from __future__ import annotations

import base64
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.providers.kubernetes.errors import ConfigError


@dataclass(frozen=True)
class Cluster:
    """One cluster's address, the means to log in, and the namespace to use when an object names none."""

    server: str
    namespace: str = "default"
    headers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None


def load(
    content_or_path: str | None, context: str | None = None, cluster: str | None = None, namespace: str | None = None
) -> Cluster:
    """The cluster that a kubeconfig (its text or its path; by default KUBECONFIG, then ~/.kube/config) points to.

    Raises `ConfigError` when it can't be read, names no such context, or points anywhere but at this machine.
    """
    config = _parse(content_or_path)
    name = context or config.get("current-context") or ""
    entry = _named(config, "contexts", "context", name)
    if entry is None:
        names = ", ".join(sorted(str(item.get("name")) for item in config.get("contexts") or [])) or "none"
        raise ConfigError(f'the kubeconfig has no context "{name}"; it has: {names}')
    chosen = _named(config, "clusters", "cluster", cluster or str(entry.get("cluster", ""))) or {}
    user = _named(config, "users", "user", str(entry.get("user", ""))) or {}
    server = str(chosen.get("server") or "")
    require_loopback(server)
    return Cluster(
        server=server.rstrip("/"),
        namespace=namespace or str(entry.get("namespace") or "default"),
        headers=_headers(user),
        tls=_tls(chosen, user) if server.startswith("https:") else None,
    )


def require_loopback(server: str) -> None:
    """Raise `ConfigError` unless a server's address is this machine's own."""
    host = urlsplit(server).hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise ConfigError(
            f"the sandbox's kubernetes provider only serves a cluster on this machine, and the kubeconfig points to "
            f"{server or 'no server'}; use Pulumi's own kubernetes provider for that cluster"
        )


def _parse(content_or_path: str | None) -> dict[str, Any]:
    import yaml

    text = content_or_path or ""
    if "\n" not in text and not text.lstrip().startswith("{"):
        path = Path(text).expanduser() if text else _default_path()
        try:
            text = path.read_text()
        except OSError as error:
            raise ConfigError(
                f"the kubeconfig {path} can't be read ({error.strerror}); start the sandbox with make up, "
                "or set KUBECONFIG"
            ) from error
    try:
        config = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise ConfigError("the kubeconfig is not valid YAML") from error
    if not isinstance(config, dict):
        raise ConfigError("the kubeconfig is not a YAML mapping")
    return config


def _default_path() -> Path:
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    existing = [path for path in listed if path.is_file()]
    return (existing or listed or [Path("~/.kube/config").expanduser()])[0]


def _named(config: Mapping[str, Any], many: str, one: str, name: str) -> dict[str, Any] | None:
    for item in config.get(many) or []:
        if item.get("name") == name:
            return dict(item.get(one) or {})
    return None


def _headers(user: Mapping[str, Any]) -> dict[str, str]:
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = Path(user["tokenFile"]).read_text().strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority := _material(cluster, "certificate-authority"):
        context.load_verify_locations(cadata=authority.decode())
    else:
        context.load_default_certs()
    certificate, key = _material(user, "client-certificate"), _material(user, "client-key")
    if certificate and key:
        # OpenSSL reads a client's pair from files only.
        with tempfile.NamedTemporaryFile(prefix="kube-client-") as pair:
            pair.write(certificate + b"\n" + key)
            pair.flush()
            context.load_cert_chain(pair.name)
    return context


def _material(source: Mapping[str, Any], name: str) -> bytes | None:
    if source.get(f"{name}-data"):
        return base64.b64decode(source[f"{name}-data"])
    if source.get(name):
        return Path(source[name]).read_bytes()
    return None
