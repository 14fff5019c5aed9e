"""Starting, stopping, being killed, and what a start refuses."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.cluster import launcher
from sandbox.paths import free_ports
from sandbox.processes import crowd
from tests.sandbox.cluster.local_cluster import LocalCluster, deployment, wait_until

pytestmark = pytest.mark.sandbox


def identities(cluster: LocalCluster) -> dict[str, str]:
    """What has to be the same after a restart: the cluster, its pods and each one's container."""
    found = {"cluster": cluster.get("namespace", "kube-system")["metadata"]["uid"]}
    for pod in cluster.get("pods")["items"]:
        status = pod["status"]["containerStatuses"][0]
        found[pod["metadata"]["uid"]] = f"{status['containerID']} {status['restartCount']} {pod['status']['podIP']}"
    return found


@pytest.mark.long
def test_nothing_is_lost_when_it_is_killed(new_cluster: Callable[[], LocalCluster]) -> None:
    cluster = new_cluster()
    cluster.start()
    cluster.kubectl("apply", "-f", "-", stdin=[deployment("api", "example.test/app:1", 3)])
    cluster.kubectl("rollout", "status", "deployment/api", "--timeout=30s")
    before, login = identities(cluster), cluster.kubeconfig.read_text()
    cluster.kubectl("create", "configmap", "last-write")
    cluster.end(signal.SIGKILL)

    assert cluster.start() < 60
    cluster.kubectl("get", "configmap", "last-write")
    assert cluster.kubeconfig.read_text() == login
    assert identities(cluster) == before
    assert len(before) == 4
    cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=10s")
    cluster.kubectl("set", "image", "deployment/api", "app=example.test/app:2")
    cluster.kubectl("rollout", "status", "deployment/api", "--timeout=30s")

    assert cluster.end(signal.SIGTERM) < 3
    assert cluster.process is not None
    assert cluster.process.returncode == 0


def definitions(cluster: LocalCluster) -> dict[str, bool]:
    """Custom resource definitions that the API server knows, and whether it serves each."""
    login = cluster.folder / "data" / "credentials" / "kubeconfig"
    done = cluster.try_kubectl("get", "crd", "-o", "json", f"--kubeconfig={login}", "--request-timeout=2s")
    items = json.loads(done.stdout)["items"] if done.returncode == 0 else []
    return {
        each["metadata"]["name"]: any(
            condition["type"] == "Established" and condition["status"] == "True"
            for condition in each.get("status", {}).get("conditions") or []
        )
        for each in items
    }


def cut_off(cluster: LocalCluster) -> bool:
    """Kill its first start while definitions are installed and start it again; whether one was caught half-way."""
    cluster.launch()
    wait_until("a definition that isn't served yet", lambda: not all(definitions(cluster).values()), 90 * crowd())
    cluster.end(signal.SIGKILL)
    cluster.launch()
    known: dict[str, bool] = wait_until("the API server answers", lambda: definitions(cluster), 90 * crowd())
    return not all(known.values())


@pytest.mark.long
def test_a_first_start_that_was_cut_off_is_made_up_for(new_cluster: Callable[[], LocalCluster]) -> None:
    """An API server that starts again leaves alone what it had accepted and didn't serve yet."""
    for _ in range(5):
        cluster = new_cluster()
        caught = cut_off(cluster)
        cluster.wait_ready()
        served = definitions(cluster)
        assert len(served) >= 10
        assert all(served.values()), served
        assert "custom resource definitions are served" in (cluster.folder / "log").read_text()
        cluster.end(signal.SIGKILL)
        if caught:
            return
    pytest.fail("no start was cut off half-way: the test shows nothing")


def refusal(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return done.returncode, lines[0]


def test_a_port_that_is_taken(cluster: LocalCluster, binary: Path, tmp_path: Path) -> None:
    command = launcher.command(
        binary, port=cluster.port, data_dir=tmp_path / "data", kubeconfig=tmp_path / "kubeconfig"
    )
    code, line = refusal(command)
    assert code == 3
    assert f"port {cluster.port} on 127.0.0.1 is taken by another program" in line
    assert not (tmp_path / "kubeconfig").exists()


def test_a_data_folder_that_is_in_use(cluster: LocalCluster, binary: Path, tmp_path: Path) -> None:
    command = launcher.command(
        binary,
        port=free_ports(1)[0],
        data_dir=cluster.folder / "data",
        kubeconfig=tmp_path / "kubeconfig",
    )
    code, line = refusal(command)
    assert code == 1
    assert cluster.process is not None
    assert f"process {cluster.process.pid}" in line
    cluster.kubectl("get", "nodes")


def test_arguments_and_a_catalogue_that_make_no_sense(binary: Path, tmp_path: Path) -> None:
    assert refusal([str(binary), "--port=0", "--data-dir=x", "--kubeconfig=y"]) == (
        2,
        "cluster: --port must be between 1 and 65535",
    )
    broken = tmp_path / "images.json"
    broken.write_text('{"app": {"behaviour": "explode"}}')
    code, line = refusal(
        launcher.command(binary, port=1, data_dir=tmp_path, kubeconfig=tmp_path / "kubeconfig", images=broken)
    )
    assert code == 1
    assert "explode" in line


def test_a_second_call_finds_the_program(binary: Path) -> None:
    assert binary.exists()
    assert binary.with_name(launcher.CRDS).read_text().count("kind: CustomResourceDefinition") >= 10
    assert launcher.kubernetes_version().startswith("v1.36.")
