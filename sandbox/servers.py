"""The servers of the sandbox and how each is known to be ready."""

from __future__ import annotations

import socket
import ssl
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from sandbox import registry
from sandbox.cluster import launcher
from sandbox.paths import ROOT, Identity, State
from sandbox.processes import Server


def servers(state: State, identity: Identity, cluster_binary: Path, registry_binary: Path) -> list[Server]:
    """The registry, PostgreSQL, the cluster, the account, the ingress, the hosts: in the order of their start."""
    python = [sys.executable, "-m"]
    environment = {"PYTHONPATH": str(ROOT)}
    mirror = f"{registry.PREFIX}={registry.location(identity.registry_port)}"
    postgres = Server(
        "postgres",
        [
            *python,
            "sandbox.postgres",
            f"--port={identity.postgres_port}",
            f"--data-dir={state.folder / 'postgres'}",
        ],
        _listens(identity.postgres_port),
        state.folder,
        environment,
        ports=(identity.postgres_port,),
    )
    account = Server(
        "account",
        [
            *python,
            "sandbox.account",
            f"--port={identity.account_port}",
            f"--websocket-port={identity.websocket_port}",
            f"--state-dir={state.folder / 'account'}",
            f"--account-id={identity.account_id}",
            f"--minute-seconds={identity.minute_seconds:g}",
            f"--postgres-port={identity.postgres_port}",
        ],
        _answers(f"http://127.0.0.1:{identity.account_port}/_sandbox/health"),
        state.folder,
        environment,
        ports=(identity.account_port, identity.websocket_port),
    )
    cluster = Server(
        "cluster",
        [
            *launcher.command(
                cluster_binary,
                port=identity.cluster_port,
                data_dir=state.folder / "cluster",
                kubeconfig=state.kubeconfig,
                images=state.images,
            ),
            f"--mirror={mirror}",
        ],
        _cluster_ready(state, identity),
        state.folder,
        patience=180,
        ports=(identity.cluster_port,),
    )
    mesh = Server(
        "mesh",
        [
            *python,
            "sandbox.mesh",
            f"--kubeconfig={state.kubeconfig}",
            f"--port={identity.mesh_port}",
            f"--state-dir={state.folder / 'mesh'}",
            f"--mirror={mirror}",
            f"--login={registry.USER}:{registry.PASSWORD}",
        ],
        _answers(f"http://127.0.0.1:{identity.mesh_port}/healthz/ready"),
        state.folder,
        environment,
        ports=(identity.mesh_port,),
    )
    host = Server(
        "host",
        [
            *python,
            "sandbox.host",
            f"--state-dir={state.folder / 'host'}",
            f"--account-url=http://127.0.0.1:{identity.account_port}",
            f"--port={identity.host_port}",
        ],
        _answers(f"http://127.0.0.1:{identity.host_port}/health"),
        state.folder,
        environment,
        ports=(identity.host_port,),
    )
    images = Server(
        "registry",
        registry.command(registry_binary, port=identity.registry_port, folder=state.folder / "registry"),
        _listens(identity.registry_port),
        state.folder,
        ports=(identity.registry_port,),
    )
    return [images, postgres, cluster, account, mesh, host]


def _listens(port: int) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return ready


def _answers(url: str, context: ssl.SSLContext | None = None) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2, context=context) as answer:  # noqa: S310 - loopback, above
                return bool(answer.status == 200)
        except OSError:
            return False

    return ready


def _cluster_ready(state: State, identity: Identity) -> Callable[[], bool]:
    """The kubeconfig is written last; after a restart an old one is there, so the API server is asked as well.

    Its certificate is self-signed and nothing secret is sent, so it isn't verified here.
    """
    answers = _answers(
        f"https://127.0.0.1:{identity.cluster_port}/readyz",
        ssl._create_unverified_context(),  # noqa: S323
    )
    return lambda: state.kubeconfig.exists() and answers()
