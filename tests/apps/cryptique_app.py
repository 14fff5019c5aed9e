"""cryptique's programs run for real, with a database of their own but without nginx and pm2."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apps import archives, catalogue
from sandbox.host.tools import database, node, pm2
from sandbox.host.tools.node import Node
from sandbox.paths import free_ports
from tests.sandbox.account.conftest import wait_for
from toolchain.paths import cache
from toolchain.progress import Progress

GOOD = ("1.0.0", "1.1.0", "1.2.0", "1.3.0")
NPM_CI = ("ci", "--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")


def call(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def install(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Install the dependencies of the lock file into a folder, as the hook does."""
    files = catalogue.revision("cryptique", "1.0.0").files
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes(files[name])
    engine = node.ensure(cache(), Progress(quiet=True))
    return subprocess.run(
        [*engine.npm, *NPM_CI, f"--cache={pm2.npm_cache(cache())}"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@dataclass
class Machine:
    """A database server, and folders that play a machine's "/" and releases."""

    folder: Path
    modules: Path
    node: Node = field(default_factory=lambda: node.ensure(cache(), Progress(quiet=True)))
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.root = self.folder / "root"
        self.database_port, self.backend_port = free_ports(2)
        settings = {
            "BACKEND_PORT": self.backend_port,
            "LISTEN": f"127.0.0.1:{free_ports(1)[0]}",
            "MONGODB_URI": f"mongodb://127.0.0.1:{self.database_port}/cryptique",
            "PUBLIC_URL": f"http://127.0.0.1:{self.backend_port}",
        }
        self.host_env.parent.mkdir(parents=True)
        self.host_env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    @property
    def host_env(self) -> Path:
        return self.root / "etc" / "cryptique" / "host.env"

    def start_database(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        server = database.ensure(cache(), Progress(quiet=True))
        self.process = subprocess.Popen(
            server.command(self.database_port, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop_database(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(15)

    def release(self, version: str) -> Path:
        """A version's folder, installed and with its env file."""
        folder = self.folder / "releases" / version
        if not folder.exists():
            archives.write_tree(catalogue.revision("cryptique", version).files, folder)
            (folder / "node_modules").symlink_to(self.modules)
            (folder / ".env.production").write_text(self.render(folder, "env.production.template").stdout)
        return folder

    def render(self, release: Path, template: str) -> subprocess.CompletedProcess[str]:
        return self.script(release, "render.js", str(release / "config" / template), str(self.host_env))

    def script(self, release: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = str(release / "scripts" / name)
        if name.endswith(".js"):
            command = [str(self.node.executable), program]
        else:
            command = [shutil.which("bash") or "bash", program]
        return subprocess.run(
            [*command, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.node.executable.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOST_ROOT": str(self.root)}

    def evaluate(self, version: str, code: str) -> str:
        """Run JavaScript with `db`, and return what it prints."""
        release = self.release(version)
        text = (
            "const { withDatabase } = require('./scripts/lib/dump');"
            f"withDatabase(async (db) => {{ {code} }}).catch((error) => {{ console.error(error); process.exit(1); }});"
        )
        done = subprocess.run(
            [str(self.node.executable), "-e", text],
            cwd=release,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    @contextmanager
    def running(self, version: str, *, worker: bool = True) -> Iterator[str]:
        """The address of a version's backend, with its worker; both end well when asked to."""
        release = self.release(version)
        programs = ["server.js", *(["worker.js"] if worker else [])]
        processes = [
            subprocess.Popen([str(self.node.executable), name], cwd=release, env=self.environment) for name in programs
        ]
        address = f"http://127.0.0.1:{self.backend_port}"
        try:
            wait_for(lambda: _answers(f"{address}/health"), 30, f"{version} answers")
            yield address
        finally:
            for process in processes:
                process.send_signal(signal.SIGINT)
            codes = [process.wait(15) for process in processes]
        assert codes == [0] * len(processes)


def _answers(url: str) -> bool:
    try:
        return call(url)[0] == 200
    except OSError:
        return False


def add(address: str, text: str, **more: str) -> str:
    """Store a document and wait for its vectors."""
    status, answer = call(f"{address}/api/documents", {"text": text, **more})
    assert status == 202, answer
    identity = str(answer["document_id"])
    wait_for(lambda: identity in found(address, text, 50), 30, f"{text!r} can be found")
    return identity


def query(address: str, text: str, top_k: int = 5) -> list[dict[str, Any]]:
    status, answer = call(f"{address}/api/query", {"query": text, "top_k": top_k})
    assert status == 200, answer
    return list(answer["results"])


def found(address: str, text: str, top_k: int = 5) -> list[str]:
    return [result["document_id"] for result in query(address, text, top_k)]
