"""Somewhere a preflight is run: an account in this process, a pulumi that only answers, an API server that does too."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ACCOUNT = "123456789012"
KUBE_SYSTEM = "0d1e2f3a-0000-4000-8000-000000000001"
AWS, KUBERNETES = "7.51.1", "4.34.2"


@dataclass
class Pulumi:
    """A stand-in for the engine's command line: a script that prints what its files hold."""

    folder: Path
    answers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        program = self.folder / "pulumi"
        # One file an answer, named by the command's first two words; without one, the command fails as it does.
        program.write_text(
            "#!/bin/sh\n"
            f"cd {self.folder}\n"
            'for name in "$1-$2" "$1"; do [ -f "$name.out" ] && exec cat "$name.out"; done\n'
            'cat "$1.err" >&2; exit 255\n'
        )
        program.chmod(0o755)
        host = self.folder / "pulumi-language-python"
        host.write_text("#!/bin/sh\n")
        host.chmod(0o755)
        self.crane()
        self.answer("version", "v3.250.0")
        self.answer("whoami", json.dumps({"user": "ada", "url": "s3://states?region=eu-west-1"}))
        self.plugins(aws=AWS, kubernetes=KUBERNETES)
        self.fail("stack", "error: no stack named 'prod' found")

    def answer(self, command: str, text: str) -> None:
        (self.folder / f"{command}.out").write_text(text)

    def fail(self, command: str, text: str) -> None:
        for path in self.folder.glob(f"{command}*.out"):
            path.unlink()
        (self.folder / f"{command}.err").write_text(text)

    def plugins(self, **versions: str) -> None:
        listed = [{"name": name, "kind": "resource", "version": each} for name, each in versions.items()]
        self.answer("plugin-ls", json.dumps(listed))

    def crane(self, error: str = "", architecture: str = "amd64") -> None:
        """Have every registry answer with an error, or with an image for one machine."""
        program = self.folder / "crane"
        config = json.dumps({"os": "linux", "architecture": architecture})
        said = f"echo 'Error: {error}' >&2; exit 1" if error else f"echo '{config}'"
        program.write_text(f"#!/bin/sh\n{said}\n")
        program.chmod(0o755)

    def exports(self, resources: list[dict[str, Any]], **target: str) -> None:
        """Have the stack's state hold resources, and remember where it lies."""
        stack = {"type": "pulumi:pulumi:Stack", "urn": "urn::stack", "outputs": {"target": target}}
        self.answer("stack-export", json.dumps({"version": 3, "deployment": {"resources": [stack, *resources]}}))


class Cluster(BaseHTTPRequestHandler):
    """A stand-in for an API server: version, kube-system, two resource definitions, reviews of access."""

    crds = frozenset({"virtualservices", "destinationrules"})
    refuses: frozenset[str] = frozenset()
    """Verbs that the caller may not."""
    objects: Mapping[str, dict[str, Any]] = {}
    """Path -> what lies there besides."""

    def do_GET(self) -> None:
        if self.path == "/version/":
            self._say(
                {
                    "major": "1",
                    "minor": "36",
                    "gitVersion": "v1.36.0",
                    "gitCommit": "",
                    "gitTreeState": "",
                    "buildDate": "",
                    "goVersion": "",
                    "compiler": "",
                    "platform": "",
                }
            )
        elif self.path == "/api/v1/namespaces/kube-system":
            self._say({"metadata": {"name": "kube-system", "uid": KUBE_SYSTEM}})
        elif (name := self.path.rpartition("/")[2].partition(".")[0]) in self.crds:
            names = {"kind": name, "plural": name}
            version = {"name": "v1", "served": True, "storage": True}
            spec = {"group": "networking.istio.io", "names": names, "scope": "Namespaced", "versions": [version]}
            self._say({"metadata": {"name": name}, "spec": spec})
        elif (found := self.objects.get(self.path)) is not None:
            self._say(found, int(found.get("code", 200)))
        else:
            self._say({"kind": "Status", "code": 404}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        verb = body["spec"]["resourceAttributes"]["verb"]
        self._say({**body, "status": {"allowed": verb not in self.refuses}}, 201)

    def _say(self, body: Mapping[str, Any], status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class ApiServer(ThreadingHTTPServer):
    """Takes as many connections at once as an API server does: of Python's five, busy machines drop the rest."""

    request_queue_size = 128


@contextmanager
def cluster(folder: Path, **traits: Any) -> Iterator[Path]:
    """A kubeconfig that leads to an API server with other traits than usual."""
    server = ApiServer(("127.0.0.1", 0), type("Server", (Cluster,), traits))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    named = {"cluster": {"server": f"http://127.0.0.1:{server.server_port}"}, "name": "here"}
    context = {"context": {"cluster": "here", "user": "me"}, "name": "here"}
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [named],
                "contexts": [context],
                "users": [{"name": "me", "user": {}}],
                "current-context": "here",
            }
        )
    )
    try:
        yield path
    finally:
        server.shutdown()
        server.server_close()


def surroundings(monkeypatch: pytest.MonkeyPatch, pulumi: Pulumi, kubeconfig: Path) -> None:
    """Lead every tool to the stand-ins, and nowhere else."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "PULUMI_", "CONTAINERS_"))]:
        monkeypatch.delenv(name)
    settings = {
        "PATH": f"{pulumi.folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "KUBECONFIG": str(kubeconfig),
        "DOCKER_CONFIG": str(pulumi.folder / "docker"),
        "PULUMI_CONFIG_PASSPHRASE": "not an empty one",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    # The committed stacks have an empty passphrase, which no real account should have.
    monkeypatch.setattr("cli.preflight.tools.opens", lambda *_: True)
