"""Starting, stopping, being killed, a cluster that goes away, and what a start refuses."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from components.rag_api.traffic import routes
from components.rag_api.workload import APP
from tests.sandbox.cluster.local_cluster import LocalCluster, wait_until
from tests.sandbox.mesh.conftest import end, make_cluster, make_system
from tests.sandbox.mesh.local_mesh import LocalMesh
from tests.sandbox.mesh.system import System

pytestmark = pytest.mark.sandbox

MakeMesh = Callable[[Path], LocalMesh]


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """Not the cluster of the other tests: each gateway that is started says that it is the cluster's ingress."""
    made = make_cluster(tmp_path_factory.mktemp("running") / "cluster")
    try:
        made.start()
        yield made
    finally:
        end(made.process)


@pytest.fixture
def system(own_cluster: LocalCluster) -> System:
    return make_system(own_cluster)


@pytest.mark.long
def test_a_restart_finds_everything_again(new_mesh: MakeMesh, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):  # is for other machines
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    mesh = new_mesh(system.cluster.kubeconfig)
    mesh.start()
    system.deploy("1.5.0")
    wait_until("it answers", lambda: mesh.ask(system.host, "/health").status == 200)
    programs = mesh.programs()
    assert mesh.end(signal.SIGTERM) == 0
    assert programs
    assert not any(each.is_running() for each in programs)

    mesh.start()
    assert mesh.version(system.host) == "1.5.0"
    assert mesh.end(signal.SIGINT) == 0
    assert "Traceback" not in mesh.log()


@pytest.mark.long
def test_killed_it_leaves_no_process_and_no_file_behind(
    new_mesh: MakeMesh, system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    mesh = new_mesh(system.cluster.kubeconfig)
    mesh.start()
    system.deploy("1.4.0")
    wait_until("it answers", lambda: mesh.ask(system.host, "/health").status == 200)
    programs = mesh.programs()
    assert programs
    mesh.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(programs, timeout=5)
    assert alive == []
    assert list(temporary.iterdir()) == []


@pytest.mark.long
def test_a_cluster_that_comes_late_goes_away_and_comes_back(
    own_cluster: LocalCluster, new_mesh: MakeMesh, system: System, tmp_path: Path
) -> None:
    mesh = new_mesh(tmp_path / "kubeconfig")
    mesh.launch()
    wait_until("it listens", lambda: state(mesh) == "unready")
    shutil.copy2(own_cluster.kubeconfig, mesh.kubeconfig)
    wait_until("it is ready", mesh.is_ready)
    system.deploy("1.4.0")
    wait_until("it answers", lambda: mesh.ask(system.host, "/health").status == 200)

    own_cluster.end(signal.SIGKILL)
    # What was known last stays in force, as in a gateway that has lost its control plane.
    wait_until("that it was noticed", lambda: "/api/v1/pods: " in mesh.log())
    assert mesh.version(system.host) == "1.4.0"
    assert mesh.is_ready()
    own_cluster.start()
    system.apply(system.virtual_service([{**routes(None)[0], "match": [{"uri": {"prefix": "/v"}}]}]))
    wait_until("the change is seen", lambda: mesh.ask(system.host, "/health").status == 404)
    assert mesh.version(system.host) == "1.4.0"
    system.kubectl("scale", f"deployment/{APP}", "--replicas=0")
    wait_until("no pod is left", lambda: mesh.ask(system.host, "/version").status == 503)
    assert "Traceback" not in mesh.log()


def state(mesh: LocalMesh) -> str:
    """Whether it listens, and is ready."""
    try:
        return {200: "ready", 503: "unready"}[mesh.ask("localhost", "/healthz/ready").status]
    except ConnectionError:
        return "absent"


def test_a_port_that_is_taken(own_cluster: LocalCluster, new_mesh: MakeMesh) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        mesh = new_mesh(own_cluster.kubeconfig)
        mesh.port = taken.getsockname()[1]
        assert refusal(mesh) == (3, f"port {mesh.port} on 127.0.0.1 is taken by another program")


def test_a_cluster_on_another_machine_is_refused(own_cluster: LocalCluster, new_mesh: MakeMesh, tmp_path: Path) -> None:
    elsewhere = tmp_path / "kubeconfig"
    elsewhere.write_text(re.sub(r"https://[^/\s]+", "https://192.0.2.7:6443", own_cluster.kubeconfig.read_text()))
    code, line = refusal(new_mesh(elsewhere))
    assert code == 1
    assert line.startswith("the kubeconfig points to https://192.0.2.7:6443")


def test_a_port_that_makes_no_sense(new_mesh: MakeMesh, tmp_path: Path) -> None:
    mesh = new_mesh(tmp_path / "kubeconfig")
    mesh.port = 70_000
    code, line = refusal(mesh)
    assert code == 2
    assert line.endswith("--port must be between 1 and 65535")


def refusal(mesh: LocalMesh) -> tuple[int, str]:
    done = subprocess.run(mesh.command(), capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr.strip().splitlines()[-1]
