"""A gateway that a test starts, asks, kills and stops."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from prometheus_client.parser import text_string_to_metric_families

from sandbox.paths import ROOT, free_ports
from tests.sandbox.cluster.local_cluster import wait_until


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class LocalMesh:
    kubeconfig: Path
    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "sandbox.mesh", f"--kubeconfig={self.kubeconfig}"),
            *(f"--port={self.port}", f"--state-dir={self.folder / 'state'}"),
        ]

    def launch(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self) -> float:
        """Start it and return the seconds until it was ready."""
        began = time.monotonic()
        self.launch()
        wait_until("the gateway is ready", self.is_ready)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return self.ask("127.0.0.1", "/healthz/ready").status == 200
        except OSError:
            return False

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=15)

    def programs(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children()

    def ask(self, host: str, path: str, body: Any = None, method: str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method or ("POST" if content else "GET"), path, content, {"Host": host, **named})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def version(self, host: str) -> str:
        """The version of the image that answers for a host."""
        answer = self.ask(host, "/version")
        assert answer.status == 200, answer
        return str(answer.json["version"])

    def requests(self, **labels: str) -> float:
        """How many requests were counted with these labels."""
        return self.total("istio_requests_total", **labels)

    def total(self, sample_name: str, **labels: str) -> float:
        text = self.ask("127.0.0.1", "/stats/prometheus").body.decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == sample_name and labels.items() <= sample.labels.items()
        )
