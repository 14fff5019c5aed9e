"""Where a host keeps things: a folder that plays the machine's "/", with the paths that a Debian machine would use."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sandbox.paths import SandboxError

STACKS = ("dev", "staging", "prod")
LONGEST_SOCKET = 100
"""Characters; Linux takes 107 for the path of a Unix socket (unix(7))."""


@dataclass(frozen=True)
class Ports:
    """The TCP ports of one host on 127.0.0.1, chosen once and kept."""

    public: int
    """nginx; 80 on a machine of its own."""
    backend: int
    """The application behind nginx; 3001 on a machine of its own."""
    database: int
    """MongoDB; 27017 on a machine of its own."""


@dataclass(frozen=True)
class Layout:
    """The folders and files of one host."""

    root: Path
    stack: str

    @property
    def instance(self) -> str:
        """The name under which CodeDeploy knows the host."""
        return f"cryptique-{self.stack}-1"

    @property
    def nginx(self) -> Path:
        """nginx's configuration."""
        return self.root / "etc" / "nginx"

    @property
    def host_env(self) -> Path:
        """What belongs to the machine and not to a revision: ports, addresses, number of processes."""
        return self.root / "etc" / "cryptique" / "host.env"

    @property
    def current(self) -> Path:
        """The link to the release that is in place."""
        return self.root / "opt" / "cryptique" / "current"

    @property
    def agent(self) -> Path:
        """Revisions and records of CodeDeploy's agent."""
        return self.root / "opt" / "codedeploy-agent" / "deployment-root"

    @property
    def commands(self) -> Path:
        """Commands that stand before others on the PATH of the host's scripts."""
        return self.root / "usr" / "local" / "bin"

    @property
    def logs(self) -> Path:
        """What the host's programs print."""
        return self.root / "var" / "log"

    @property
    def run(self) -> Path:
        """Pids and what is to be started after a restart."""
        return self.root / "run"

    @property
    def pm2_home(self) -> Path:
        """pm2's own folder."""
        return self.root / "home" / "cryptique" / ".pm2"

    def data(self, kind: str) -> Path:
        """The data of a database server; each kind has a folder of its own."""
        return self.root / "var" / "lib" / kind

    def make(self) -> None:
        """Make every folder."""
        for folder in (
            *(self.nginx / "sites-available", self.nginx / "sites-enabled", self.host_env.parent, self.current.parent),
            *(self.agent, self.commands, self.logs / "nginx", self.logs / "cryptique", self.run, self.pm2_home),
            *(self.root / "var" / "backups" / "cryptique" / name for name in ("mongodb", "vectors")),
            self.root / "var" / "lib" / "nginx",
        ):
            folder.mkdir(parents=True, exist_ok=True)

    def socket(self, name: str) -> Path:
        """Where pm2 puts a Unix socket. Raises SandboxError where another user has taken the place."""
        folder = self.sockets
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise SandboxError(f"{folder} belongs to another user: remove it")
        return folder / name

    @property
    def sockets(self) -> Path:
        """pm2's own folder, or a short one where the paths of sockets in that would be too long."""
        if len(os.fsencode(self.pm2_home / "rpc.sock")) <= LONGEST_SOCKET:
            return self.pm2_home
        key = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"rollback-host-{os.getuid()}-{key}"

    def remove_sockets(self) -> None:
        """Remove the short folder, if there is one; the host has ended."""
        if self.sockets != self.pm2_home:
            shutil.rmtree(self.sockets, ignore_errors=True)
