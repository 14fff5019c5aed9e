"""Servers that are down, killed, or somebody else's: one line says so, and the same command goes on afterwards."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox import setup
from tests.conftest import TEST_MINUTE
from tests.support.cluster import snapshot
from tests.support.project import ROOT, Project, Result
from tests.support.sandbox import RunningSandbox, start, stop
from tests.support.unchanged import resources, unchanged
from toolchain.progress import Progress

pytestmark = [pytest.mark.engine, pytest.mark.sandbox]

PATIENCE = 30.0
"""Seconds within which a command says that a server is down: 5 on a quiet machine."""
PASSING = ("error: update failed", "error: preview failed")
"""What the engine adds on the stack's behalf after the error itself."""
OURS = "error: the update of "
"""What `rollback` ends with after an error of the engine: where it is, and not why."""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A second checkout's sandbox."""
    running = start(tmp_path_factory.mktemp("other"), TEST_MINUTE)
    try:
        yield running
    finally:
        stop(running)


@contextlib.contextmanager
def down(sandbox: RunningSandbox, name: str) -> Iterator[None]:
    """One server stopped, and started again afterwards."""
    assert sandbox.server(name).stop()
    try:
        yield
    finally:
        again(sandbox)


def again(sandbox: RunningSandbox) -> None:
    setup.up(sandbox.state, Progress(quiet=True), TEST_MINUTE)


def command(sandbox: RunningSandbox, *words: str) -> Result:
    """``python -m sandbox`` for a sandbox."""
    python = Project(ROOT, {**os.environ, "ROLLBACK_SANDBOX": str(sandbox.state.folder)})
    return python.run(sys.executable, "-m", "sandbox", *words)


PROVIDERS = {
    "account": "does not answer; start it with make up",
    "cluster": "configured Kubernetes cluster is unreachable",
}
"""What the provider of a server that is down says to a bare `pulumi up`."""


def says(done: Result, message: str) -> None:
    """Exactly one error line, which holds the message; no traceback."""
    assert done.code != 0, done.said
    told = [line for line in done.error_lines if line not in PASSING and not line.startswith(OURS)]
    assert len(told) == 1, done.said
    assert message in told[0], done.said
    assert "Traceback" not in done.said


@pytest.mark.long
@pytest.mark.parametrize("name", ["account", "cluster"])
def test_a_server_that_is_down_is_named_with_the_cure(sandbox: RunningSandbox, prod: Project, name: str) -> None:
    state = resources(prod)
    with down(sandbox, name):
        for done in (prod.rollback("up"), prod.rollback("deploy", "v1.2.2")):
            says(done, "start the sandbox with `make up`")
            assert name in done.error_lines[0]
        done = prod.rollback("status")
        assert done.code == 1, done.said
        told = " ".join(done.said.split())
        assert "can't be told: " in told, "a row that says so"
        assert "sandbox with `make up`" in told, done.said
        assert "v1.2.3" in told, "the others are shown"
        assert "Traceback" not in told
        began = time.monotonic()
        bare = prod.pulumi("up", "--yes", "--skip-preview")
        assert bare.code != 0, bare.said
        assert PROVIDERS[name] in bare.said
        assert time.monotonic() - began < PATIENCE
    assert resources(prod) == state
    assert prod.pin() == "v1.2.3"
    done = prod.pulumi("preview", "--expect-no-changes")
    assert done.code == 0, done.said


def test_a_port_that_is_taken_is_named_and_nothing_is_lost(sandbox: RunningSandbox, prod: Project) -> None:
    account = sandbox.account(data=True)
    others = {name: sandbox.server(name).process() for name in ("postgres", "cluster")}
    assert sandbox.server("account").stop()
    port = sandbox.state.identity().account_port
    with socket.create_server(("127.0.0.1", port)):
        done = command(sandbox, "up")
        assert done.code == 1
        says(done, f"port {port} on 127.0.0.1 is taken by another program")
        assert command(sandbox, "status").code == 1
    assert {name: sandbox.server(name).process() for name in others} == others
    done = command(sandbox, "up")
    assert done.code == 0, done.said
    assert sandbox.account(data=True) == account


def kill(sandbox: RunningSandbox, name: str) -> None:
    process = sandbox.server(name).process()
    assert process
    process.kill()
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(5)


@pytest.mark.long
def test_an_account_that_was_killed_loses_at_most_its_last_second(sandbox: RunningSandbox, prod: Project) -> None:
    s3 = sandbox.client("s3")
    s3.put_object(Bucket="amplify-files-prod", Key="kept.txt", Body=b"kept")
    time.sleep(1.5)
    kill(sandbox, "account")
    again(sandbox)
    assert s3.get_object(Bucket="amplify-files-prod", Key="kept.txt")["Body"].read() == b"kept"
    done = prod.pulumi("preview", "--refresh", "--expect-no-changes")
    assert done.code == 0, done.said


@pytest.mark.long
def test_an_update_whose_account_was_killed_is_finished_by_the_next_one(sandbox: RunningSandbox, prod: Project) -> None:
    update = subprocess.Popen(
        ["pulumi", "up", "--stack", "prod", "--yes", "--skip-preview", "--non-interactive", "-c", "version=v1.2.2"],
        cwd=prod.folder,
        env=dict(prod.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert update.stdout
    said = ""
    for line in update.stdout:
        said += line
        if "aws:lambda" in line and "updat" in line:
            kill(sandbox, "account")
            break
    said += update.communicate(timeout=120)[0]
    assert update.returncode != 0, said
    assert "does not answer; start it with make up" in said
    assert "Traceback" not in said
    again(sandbox)
    done = prod.pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert done.code == 0, done.said
    status = prod.rollback("status")
    assert status.code == 0, status.said


@pytest.mark.long
@pytest.mark.parametrize(("kind", "variable"), [("account", "AWS_ENDPOINT_URL"), ("cluster", "KUBECONFIG")])
def test_a_stack_refuses_an_account_and_a_cluster_that_are_not_its_own(
    sandbox: RunningSandbox, other: RunningSandbox, prod: Project, kind: str, variable: str
) -> None:
    before = other.account(data=True), snapshot(other.environment["KUBECONFIG"], "production")
    pin = prod.pin()
    astray = Project(prod.folder, {**prod.environment, variable: other.environment[variable]})
    with unchanged(sandbox, prod):
        for done in (astray.pulumi("up", "--yes", "--skip-preview"), astray.pulumi("preview")):
            says(done, f"this stack was deployed to {kind} ")
            assert "nothing was touched" in done.said
        says(astray.rollback("deploy", "v1.2.1"), f"this stack was deployed to {kind} ")
        assert prod.pin() == pin
        # The engine writes what --config says before it runs the program.
        assert prod.pulumi("config", "set", "rollback-stack:version", pin).code == 0
    assert (other.account(data=True), snapshot(other.environment["KUBECONFIG"], "production")) == before
    done = prod.pulumi("preview", "--expect-no-changes")
    assert done.code == 0, done.said


@pytest.mark.long
def test_two_checkouts_do_not_know_of_each_other(sandbox: RunningSandbox, other: RunningSandbox) -> None:
    mine, its = sandbox.state.identity(), other.state.identity()
    ports = [
        port
        for each in (mine, its)
        for port in (each.account_port, each.websocket_port, each.cluster_port, each.postgres_port)
    ]
    assert len(set(ports)) == 8
    assert mine.account_id != its.account_id
    before = [server.process() for server in setup.running(sandbox.state)]
    assert all(before)
    stopped = command(other, "down")
    assert stopped.code == 0
    assert stopped.output.strip() == "stopped host, mesh, account, cluster, postgres"
    assert command(other, "down").output.strip() == "nothing was running"
    assert [server.process() for server in setup.running(sandbox.state)] == before


@pytest.mark.long
@pytest.mark.parametrize("started", ["0.0", ""])
def test_a_pid_that_another_program_got_is_never_killed(other: RunningSandbox, tmp_path: Path, started: str) -> None:
    bystander = subprocess.Popen(["sleep", "300"])
    try:
        server = other.server("account")
        server.stop()
        server.pid_file.parent.mkdir(parents=True, exist_ok=True)
        server.pid_file.write_text(f"{bystander.pid} {started}")
        assert server.process() is None
        assert "account" not in command(other, "down").output
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
