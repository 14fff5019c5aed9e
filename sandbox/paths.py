"""Where the sandbox keeps things: one cache for all checkouts, one state folder for each."""

from __future__ import annotations

import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""


LOWEST_PORT, OUTGOING_PORTS = 10_000, 32_768
"""Where ports are looked for; Linux gives outgoing connections 32768 to 60999 (``ip_local_port_range``)."""


class SandboxError(RuntimeError):
    """The sandbox can't do what was asked. The message is one line that says what to do."""


@dataclass(frozen=True)
class Identity:
    """What is one checkout's own: the account's number and the ports, chosen once and kept."""

    account_id: str
    account_port: int
    websocket_port: int
    cluster_port: int
    postgres_port: int
    mesh_port: int
    host_port: int
    registry_port: int
    minute_seconds: float
    """Real seconds that an emulated minute lasts: 60 outside of tests."""


@dataclass(frozen=True)
class State:
    """The state folder of one checkout (``.sandbox``), or of a test."""

    folder: Path

    @classmethod
    def of_checkout(cls) -> State:
        """``ROLLBACK_SANDBOX`` when set (tests), else ``.sandbox`` in the checkout."""
        return cls(Path(os.environ.get("ROLLBACK_SANDBOX") or ROOT / ".sandbox"))

    @property
    def identity_file(self) -> Path:
        """The file that holds the checkout's identity."""
        return self.folder / "sandbox.json"

    @property
    def kubeconfig(self) -> Path:
        """Appears once the cluster is ready."""
        return self.folder / "kubeconfig"

    @property
    def images(self) -> Path:
        """The catalogue of images that the cluster's nodes can pull."""
        return self.folder / "images.json"

    @property
    def pulumi_home(self) -> Path:
        """The engine's home: the provider plugins of the sandbox and nothing of the user's own."""
        return self.folder / "pulumi-home"

    @property
    def backend(self) -> Path:
        """The stacks' states."""
        return self.folder / "stacks"

    @property
    def bin(self) -> Path:
        """Commands put before others on PATH."""
        return self.folder / "bin"

    def identity(self) -> Identity:
        """The identity that was chosen. Raises ``SandboxError`` where nothing was set up yet."""
        try:
            found = json.loads(self.identity_file.read_text())
            if "registry_port" not in found:  # of before there was a registry
                found["registry_port"] = free_ports(1)[0]
                self._write(Identity(**found))
            return Identity(**found)
        except FileNotFoundError:
            raise SandboxError("the sandbox isn't set up here: run `make up`") from None
        except (ValueError, TypeError):
            raise SandboxError(f"{self.identity_file.name} can't be read: `make clean` starts over") from None

    def create(self, minute_seconds: float = 60.0) -> Identity:
        """The identity, chosen now where there is none: free ports and a random account number."""
        if self.identity_file.exists():
            return self.identity()
        self.folder.mkdir(parents=True, exist_ok=True)
        account, websocket, cluster, postgres, mesh, host, registry = free_ports(7)
        number = f"{secrets.randbelow(9 * 10**11) + 10**11}"
        identity = Identity(number, account, websocket, cluster, postgres, mesh, host, registry, minute_seconds)
        self._write(identity)
        return identity

    def _write(self, identity: Identity) -> None:
        temporary = self.identity_file.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(identity), indent=2) + "\n")
        temporary.replace(self.identity_file)


def free_ports(count: int) -> list[int]:
    """Distinct ports on loopback that nobody listens on now.

    Taken from below the range that the kernel gives to outgoing connections: any client could hold a port of that
    range at the moment when its server is started again.
    """
    found: list[int] = []
    while len(found) < count:
        port = LOWEST_PORT + secrets.randbelow(OUTGOING_PORTS - LOWEST_PORT)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
