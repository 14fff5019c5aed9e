"""Requests from outside to rag-api on the local cluster, while it is rolled out, split, scaled and broken."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from components.rag_api.traffic import routes
from components.rag_api.workload import APP, CANARY, STABLE
from stacks.rag_api import Canary
from tests.sandbox.cluster.local_cluster import wait_until
from tests.sandbox.mesh.local_mesh import LocalMesh
from tests.sandbox.mesh.system import System, deployment

pytestmark = pytest.mark.sandbox

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@contextmanager
def polling(mesh: LocalMesh, host: str) -> Iterator[Counter[tuple[int, str]]]:
    """Ask for the version again and again meanwhile: (status, version) -> how often."""
    seen: Counter[tuple[int, str]] = Counter()
    over = threading.Event()

    def poll() -> None:
        while not over.is_set():
            answer = mesh.ask(host, "/version")
            seen[answer.status, answer.json["version"] if answer.status == 200 else answer.body.decode()] += 1
            time.sleep(0.002)

    threads = [threading.Thread(target=poll) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_health_version_and_a_query_answer_for_the_host(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    health = mesh.ask(system.host, "/health")
    assert (health.status, health.json) == (200, {"status": "healthy", "release": "v1.2.1", "missing": []})
    assert mesh.ask(f"{system.host}:80", "/version").json == {"release": "v1.2.1", "version": "1.4.0"}
    found = mesh.ask(system.host, "/query", {"query": "canary share of the traffic", "top_k": 1})
    assert found.json["results"][0]["id"] == "canary"
    assert mesh.ask(system.host, "/query", {"query": ""}).status == 400
    assert mesh.ask(system.host, "/nowhere").status == 404


def test_a_request_gets_what_a_proxy_adds(mesh: LocalMesh, system: System) -> None:
    system.deploy()
    headers = mesh.ask(system.host, "/health").headers
    assert UUID.fullmatch(headers["x-request-id"])
    assert int(headers["x-envoy-upstream-service-time"]) < 1000
    assert headers["server"] == "istio-envoy"
    assert mesh.ask(system.host, "/health", x_request_id="mine").headers["x-request-id"] == "mine"


def test_an_unknown_host_is_not_found(mesh: LocalMesh) -> None:
    assert mesh.ask("nobody.example.com", "/health").status == 404


def test_a_rollout_and_its_undo_fail_no_request(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0", replicas=3)
    with polling(mesh, system.host) as seen:
        wait_until("requests are answered", lambda: seen[200, "1.4.0"] > 50)
        system.apply(deployment(STABLE, "1.5.0", 3))
        system.rolled_out(APP)
        wait_until("the new version has all", lambda: {mesh.version(system.host) for _ in range(9)} == {"1.5.0"})
        system.kubectl("rollout", "undo", f"deployment/{APP}")
        system.rolled_out(APP)
        wait_until("the old version has all", lambda: {mesh.version(system.host) for _ in range(9)} == {"1.4.0"})
    assert set(seen) == {(200, "1.4.0"), (200, "1.5.0")}
    assert mesh.ask(system.host, "/health").json["release"] == "v1.2.1"
    wait_until("the other version's process is gone", lambda: len(running(mesh, system)) == 1)


@pytest.mark.long
def test_a_canary_has_its_share_until_route_0_is_removed(mesh: LocalMesh, system: System) -> None:
    canary = Canary(version="v1.2.3", weight=30, replicas=1)
    system.deploy("1.4.0")
    system.apply(deployment(CANARY, "1.5.0", 1), system.virtual_service(routes(canary)))
    system.rolled_out(f"{APP}-{CANARY}")
    wait_until("the split is in force", lambda: mesh.version(system.host) == "1.5.0")

    number, share = 600, canary.weight / 100
    seen = Counter(mesh.version(system.host) for _ in range(number))
    # Five standard deviations of a binomial distribution: once in two million runs.
    assert abs(seen["1.5.0"] - number * share) < 5 * math.sqrt(number * share * (1 - share))
    assert seen.total() == seen["1.4.0"] + seen["1.5.0"]
    # Runbook rag-api, procedure 4.
    system.kubectl(*("patch", "virtualservice", APP, "--type=json"), '-p=[{"op": "remove", "path": "/spec/http/0"}]')
    time.sleep(0.2)
    assert {mesh.version(system.host) for _ in range(100)} == {"1.4.0"}


@pytest.mark.long
def test_a_canary_without_pods_fails_its_share_only(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    system.apply(system.virtual_service(routes(Canary(version="v1.2.3", weight=50))))
    wait_until("the split is in force", lambda: mesh.ask(system.host, "/health").status == 503)
    answers = Counter((each.status, each.body) for each in (mesh.ask(system.host, "/version") for _ in range(60)))
    assert set(answers) == {
        (200, b'{"release": "v1.2.1", "version": "1.4.0"}'),
        (503, b"no healthy upstream"),
    }


def test_scaled_to_nothing_and_back(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    system.kubectl("scale", f"deployment/{APP}", "--replicas=0")
    wait_until("no pod is left", lambda: mesh.ask(system.host, "/health").status == 503)
    answer = mesh.ask(system.host, "/health")
    assert (answer.status, answer.body) == (503, b"no healthy upstream")
    wait_until("its process is gone", lambda: running(mesh, system) == [])
    system.kubectl("scale", f"deployment/{APP}", "--replicas=2")
    system.rolled_out(APP)
    wait_until("it answers again", lambda: mesh.ask(system.host, "/health").status == 200)


@pytest.mark.long
def test_a_crashing_image_gets_no_request(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    with polling(mesh, system.host) as seen:
        system.apply(deployment(STABLE, "2.0.0", 2))
        wait_until("the new pod crashes", lambda: "CrashLoopBackOff" in system.kubectl("get", "pods"))
        wait_until("requests were answered meanwhile", lambda: seen.total() > 100)
    assert set(seen) == {(200, "1.4.0")}
    said = [path.read_text() for path in (mesh.folder / "state" / "logs").glob(f"{system.namespace}.*")]
    assert any("FileNotFoundError" in text for text in said)


def test_pods_of_one_replica_set_share_a_process_and_take_turns(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0", replicas=3)
    for _ in range(3):
        assert mesh.version(system.host) == "1.4.0"
    assert len(running(mesh, system)) == 1


def test_pods_with_a_name_of_their_own_have_a_process_each_and_take_turns(mesh: LocalMesh, system: System) -> None:
    own = [{"name": "RELEASE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    system.deploy("1.4.0")
    system.apply(deployment(STABLE, "1.4.0", 3, env=own))
    system.rolled_out(APP)
    pods = {each["metadata"]["name"] for each in system.get("pods")["items"]}
    assert len(pods) == 3

    def asked() -> Counter[str]:
        return Counter(mesh.ask(system.host, "/version").json["release"] for _ in range(12))

    wait_until("all take turns", lambda: asked() == dict.fromkeys(pods, 4))
    assert len(running(mesh, system)) == 3


def test_a_program_that_is_killed_is_started_again(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    (process,) = running(mesh, system)
    process.kill()
    wait_until("that it is down", lambda: mesh.ask(system.host, "/health").status == 503)
    assert mesh.ask(system.host, "/health").body.endswith(b"reset reason: connection failure")
    wait_until("it answers again", lambda: mesh.ask(system.host, "/health").status == 200)
    assert running(mesh, system) != [process]


def test_a_program_that_does_not_start_is_no_other_pods_problem(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    system.apply(deployment(CANARY, "1.5.0", 1, command=["python", "missing.py"]))
    system.rolled_out(f"{APP}-{CANARY}")
    only_canary = [{"match": [{"headers": {"x-track": {"exact": CANARY}}}], "route": [to(CANARY)]}]
    system.apply(system.virtual_service([*only_canary, {"route": [{"destination": {"host": APP}}]}]))
    wait_until("the rule is in force", lambda: mesh.ask(system.host, "/version", x_track=CANARY).status == 503)
    # Without a subset all pods of the Service are meant: the one that doesn't run is passed over.
    assert {mesh.version(system.host) for _ in range(12)} == {"1.4.0"}
    assert "exit code" in mesh.log()


def test_what_is_not_emulated_is_said(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    mirrored = {**routes(None)[0], "mirror": {"host": APP, "subset": CANARY}}
    system.apply(system.virtual_service([mirrored]))
    wait_until("that it is refused", lambda: mesh.ask(system.host, "/health").status == 501)
    said = mesh.ask(system.host, "/health").body.decode()
    assert f"VirtualService {system.namespace}/rag-api: spec.http.0.mirror: is not emulated" in said


def test_services_subsets_and_ports_that_do_not_exist(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    for wrong in ({"host": "nobody"}, {"host": APP, "subset": "blue"}, {"host": APP, "port": {"number": 81}}):
        system.apply(system.virtual_service([{"route": [{"destination": wrong}]}]))
        wait_until("no cluster", lambda: mesh.ask(system.host, "/health").status == 503)
        assert mesh.ask(system.host, "/health").body == b""
        system.apply(system.virtual_service(routes(None)))
        wait_until("it answers", lambda: mesh.ask(system.host, "/health").status == 200)


def test_requests_are_counted_as_istio_counts_them(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    where = {"destination_service": f"rag-api.{system.namespace}.svc.cluster.local"}
    for path in ("/health", "/health", "/nowhere"):
        mesh.ask(system.host, path)
    good = {**where, "response_code": "200", "response_flags": "-", "destination_workload": APP, "reporter": "source"}
    assert mesh.requests(**good) == 2
    assert mesh.requests(**where, response_code="404") == 1
    name = "istio_request_duration_milliseconds"
    assert mesh.total(f"{name}_count", **good) == mesh.total(f"{name}_bucket", **good, le="+Inf") == 2
    assert 0 < mesh.total(f"{name}_sum", **good) < 2000
    system.kubectl("scale", f"deployment/{APP}", "--replicas=0")
    wait_until("no pod is left", lambda: mesh.ask(system.host, "/health").status == 503)
    assert mesh.requests(**where, response_code="503", response_flags="UH", destination_workload="unknown") >= 1


def test_a_version_label_is_the_destination_version(mesh: LocalMesh, system: System) -> None:
    system.deploy("1.4.0")
    labelled = deployment(STABLE, "1.5.0", 2)
    labelled["spec"]["template"]["metadata"]["labels"]["version"] = "v1.2.3"
    system.apply(labelled)
    system.rolled_out(APP)
    wait_until("the new version has all", lambda: {mesh.version(system.host) for _ in range(4)} == {"1.5.0"})
    counted = {"destination_workload_namespace": system.namespace, "destination_version": "v1.2.3"}
    assert mesh.requests(**counted, destination_canonical_revision="v1.2.3", response_code="200") >= 4


def to(subset: str) -> dict[str, dict[str, str]]:
    return {"destination": {"host": APP, "subset": subset}}


def running(mesh: LocalMesh, system: System) -> list[psutil.Process]:
    """The processes of a namespace's pods, known by the output that they write."""
    outputs = mesh.folder / "state" / "logs"
    found: list[psutil.Process] = []
    for process in mesh.programs():
        opened = {each.path for each in process.open_files()}
        if any(path.startswith(str(outputs / f"{system.namespace}.")) for path in opened):
            found.append(process)
    return found
