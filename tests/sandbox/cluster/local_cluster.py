"""A cluster that a test starts, uses, kills and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.cluster import launcher
from sandbox.paths import free_ports
from sandbox.processes import crowd
from toolchain import kubectl

IMAGES = {
    "example.test/app:1": {"behaviour": "ready"},
    "example.test/app:2": {"behaviour": "ready"},
    "example.test/crash:1": {"behaviour": "crash"},
    "example.test/unready:1": {"behaviour": "unready"},
    "example.test/slow:1": {"behaviour": "slow", "after_seconds": 3},
    "example.test/private:1": {"behaviour": "ready", "private": True},
    "publicPrefixes": ["public.test/"],
}
START_SECONDS = 90.0
"""Generous, and longer where many programs share the processors."""


def wait_until(what: str, condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The first true answer of `condition`; the test fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


@dataclass
class LocalCluster:
    binary: Path
    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen[bytes] | None = None

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def images(self) -> Path:
        return self.folder / "images.json"

    def command(self) -> list[str]:
        return launcher.command(
            self.binary,
            port=self.port,
            data_dir=self.folder / "data",
            kubeconfig=self.kubeconfig,
            images=self.images,
            pod_start_delay=0.1,
            restart_backoff=1,
        )

    def start(self) -> float:
        """Start it and return the seconds until it was ready."""
        began = time.monotonic()
        self.launch()
        self.wait_ready()
        return time.monotonic() - began

    def launch(self) -> None:
        """Start it without waiting for anything."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.images.exists():
            self.images.write_text(json.dumps(IMAGES))
        self.kubeconfig.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_ready(self) -> None:
        """Until it has written its kubeconfig."""
        wait_until("the cluster is ready", self._ready, START_SECONDS * crowd())

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        return self.kubeconfig.exists()

    def end(self, number: signal.Signals) -> float:
        """Send it a signal and return the seconds until it was gone."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - began

    def try_kubectl(self, *arguments: str, stdin: Any = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl; stdin: manifests as Python objects."""
        return subprocess.run(
            [str(kubectl.path()), *arguments],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)},
            input=yaml.safe_dump_all(stdin) if stdin is not None else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))


def deployment(name: str, image: str, replicas: int = 1, **pod: Any) -> dict[str, Any]:
    """A Deployment with one container named `app`; further keywords go into the pod's specification."""
    container = {"name": "app", "image": image, **pod.pop("container", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **pod}},
        },
    }
