"""The engine, the pinned SDK, Pulumi's provider and a cluster: what a user of a stack sees."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.install import install_link
from sandbox.providers.kubernetes import VERSION, launcher
from sandbox.providers.kubernetes.older_states import bring_over_all
from sandbox.setup import no_engine_logs
from tests.sandbox.cluster.local_cluster import LocalCluster
from toolchain import pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PASSWORD = "correct-horse-battery"
PROGRAM = """
import json, os, signal
import pulumi
import pulumi_kubernetes as k8s

# The engine interrupts a program that it has given up, and Python would add a traceback of its own.
signal.signal(signal.SIGINT, signal.SIG_DFL)
say = json.loads(os.environ["SAY"])
place = {"namespace": say["namespace"]}
labels = {"app": "api"}
pod = {"containers": [{"name": "api", "image": say["image"]}]}
template = {"metadata": {"labels": labels}, "spec": pod}
api = k8s.apps.v1.Deployment(
    "api",
    metadata={"name": "api", **place},
    spec={
        "replicas": say.get("replicas", 3),
        "progress_deadline_seconds": 3,
        "selector": {"match_labels": labels},
        "template": template,
    },
    opts=pulumi.ResourceOptions(
        protect=say.get("protect", False), custom_timeouts=pulumi.CustomTimeouts(create="60s", update="8s")
    ),
)
if claim := say.get("claim"):
    k8s.core.v1.PersistentVolumeClaim(
        "claim",
        metadata={**claim["metadata"], **place, "annotations": {"pulumi.com/skipAwait": "true"}},
        spec={"access_modes": claim["spec"]["accessModes"], "resources": claim["spec"]["resources"]},
    )
k8s.core.v1.Secret("credentials", metadata=place, string_data={"password": say["password"]})
k8s.core.v1.ConfigMap("settings", metadata={"name": "settings", **place}, data={"level": say.get("level", "1")})
pulumi.export("uid", api.metadata.uid)
"""


@dataclass
class Stack:
    """A stack of the program, and what it is told."""

    folder: Path
    environment: dict[str, str]
    told: dict[str, Any]

    def run(self, *arguments: str, fails: bool = False, **changes: Any) -> str:
        environment = {**self.environment, "SAY": json.dumps({**self.told, **changes})}
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, fails: bool = False, **changes: Any) -> str:
        return self.run("up", "--yes", "--skip-preview", fails=fails, **changes)

    @property
    def state(self) -> str:
        return next((self.folder / "state").glob("**/stacks/rag/dev.json")).read_text()


@pytest.fixture
def stack(cluster: LocalCluster, namespace: str, tmp_path: Path) -> Stack:
    home, state = tmp_path / "home", tmp_path / "state"
    state.mkdir()
    install_link(home, "kubernetes", VERSION, launcher.ensure(cache(), Progress(quiet=True)))
    no_engine_logs(home)
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (tmp_path / "Pulumi.yaml").write_text(json.dumps({"name": "rag", "runtime": runtime}))
    (tmp_path / "__main__.py").write_text(PROGRAM)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
        "PATH": f"{pulumi_cli.ensure(cache(), Progress(quiet=True))}:{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "KUBECONFIG": str(cluster.kubeconfig),
    }
    told = {"namespace": namespace, "image": "example.test/app:1", "password": PASSWORD}
    made = Stack(tmp_path, environment, told)
    made.run("stack", "init", "dev")
    return made


def images(cluster: LocalCluster, namespace: str) -> dict[str, int]:
    items = cluster.get("replicasets", "-n", namespace)["items"]
    return {
        item["spec"]["template"]["spec"]["containers"][0]["image"].rpartition("/")[2]: item["spec"]["replicas"]
        for item in items
    }


@pytest.mark.long
def test_forth_and_back_again(stack: Stack, cluster: LocalCluster, namespace: str) -> None:
    assert "4 created" in stack.up()
    assert PASSWORD not in stack.state
    assert base64.b64encode(PASSWORD.encode()).decode() not in stack.state
    assert "4 unchanged" in stack.run("preview")

    began = time.monotonic()
    told = stack.up(image="example.test/app:2")
    assert time.monotonic() - began < 60
    assert "[diff: ~spec]" in told
    assert images(cluster, namespace) == {"app:1": 0, "app:2": 3}

    told = stack.up(fails=True, image="example.test/missing:1")
    assert f'"{namespace}/api" failed to fully initialize or become live' in told
    assert "timed out waiting to be Ready" in told
    assert "ErrImagePull" in told or "ImagePullBackOff" in told
    assert "Traceback" not in told

    assert "1 updated" in stack.up()
    assert images(cluster, namespace) == {"app:1": 3, "app:2": 0, "missing:1": 0}


@pytest.mark.long
def test_drift_protection_and_replacement(stack: Stack, cluster: LocalCluster, namespace: str) -> None:
    stack.up(protect=True, replicas=1)
    cluster.kubectl("set", "image", "-n", namespace, "deployment/api", "api=example.test/app:2")
    told = stack.run("refresh", "--yes", "--skip-preview", "--diff", protect=True, replicas=1)
    assert 'image: "example.test/app:1" => "example.test/app:2"' in told

    told = stack.up(protect=True, replicas=1, level="2")
    assert "1 updated" in told
    assert "1 replaced" in told
    assert told.index("ConfigMap settings deleted original") < told.index("ConfigMap settings created replacement")
    assert images(cluster, namespace) == {"app:1": 1, "app:2": 0}

    told = stack.run("destroy", "--yes", "--skip-preview", fails=True)
    assert "protect" in told
    assert cluster.get("deployment", "api", "-n", namespace)["status"]["readyReplicas"] == 1


def test_a_cluster_that_is_down_is_one_line(stack: Stack, tmp_path: Path, cluster: LocalCluster) -> None:
    config = tmp_path / "down"
    config.write_text(cluster.kubeconfig.read_text().replace(f":{cluster.port}", ":9"))
    stack.environment["KUBECONFIG"] = str(config)
    told = stack.up(fails=True)
    assert "configured Kubernetes cluster is unreachable" in told
    assert "127.0.0.1:9" in told
    assert "Traceback" not in told


@pytest.mark.long
def test_another_machine_is_out_of_reach(stack: Stack, tmp_path: Path, cluster: LocalCluster) -> None:
    config = tmp_path / "elsewhere"
    config.write_text(cluster.kubeconfig.read_text().replace("127.0.0.1", "192.0.2.1"))
    stack.environment["KUBECONFIG"] = str(config)
    told = stack.up(fails=True)
    assert "the-sandbox-serves-clusters-on-this-machine-only.invalid" in told


@pytest.mark.long
def test_a_state_that_the_plugin_of_before_wrote_is_brought_over(
    stack: Stack, cluster: LocalCluster, namespace: str
) -> None:
    """As that plugin left it: no inputs among the outputs. Nothing is replaced, and the claim stays the same one."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "vectors"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    stack.up(replicas=1, claim=claim)
    before = cluster.get("persistentvolumeclaim", "vectors", "-n", namespace)["metadata"]["uid"]
    path = next((stack.folder / "state").glob("**/stacks/rag/dev.json"))
    older = json.loads(path.read_text())
    for resource in older["checkpoint"]["latest"]["resources"]:
        for name in ("__inputs", "__initialApiVersion"):
            resource.get("outputs", {}).pop(name, None)
    path.write_text(json.dumps(older))
    told = stack.run("preview", replicas=1, claim=claim)
    assert "to replace" in told, "what would have happened"
    assert bring_over_all(stack.folder / "state") == ["dev"]
    told = stack.up(replicas=1, claim=claim)
    assert "5 unchanged" in told
    assert cluster.get("persistentvolumeclaim", "vectors", "-n", namespace)["metadata"]["uid"] == before


def test_the_plugin_starts_fast(stack: Stack) -> None:
    plugin = Path(stack.environment["PULUMI_HOME"]) / "plugins" / f"resource-kubernetes-v{VERSION}"
    times = []
    for _ in range(5):
        began = time.monotonic()
        with subprocess.Popen(
            [plugin / "pulumi-resource-kubernetes", "127.0.0.1:1"], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert int(process.stdout.readline()) > 0
            times.append(time.monotonic() - began)
            process.terminate()
    assert min(times) < 1.5, times
