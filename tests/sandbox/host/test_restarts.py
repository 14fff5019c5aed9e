"""Hosts that are killed, stopped and started again, and an account that is away for a while."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.sandbox.account.conftest import wait_for
from tests.sandbox.host.conftest import Site
from tests.sandbox.host.host_server import HostServer, add_document, alive, call, search, seconds_until_gone

pytestmark = pytest.mark.sandbox

GONE_SECONDS = 10.0
"""How long what a killed host leaves may run on; pm2 gives each application up to five seconds."""


def names(site: Site) -> list[str]:
    """The applications that pm2 runs."""
    listed = site.hosts.run("prod", "pm2", "pid", "cryptique-backend").stdout
    return [line for line in listed.splitlines() if line.strip().isdigit() and line.strip() != "0"]


def wait_healthy(site: Site, version: str) -> None:
    def healthy() -> bool:
        try:
            status, answer = call(f"{site.address}/api/status")
        except OSError:
            return False
        return bool(status == 200 and answer["version"] == version)

    wait_for(healthy, 60, f"{version} answers")


def kill_and_wait(site: Site, service: str) -> None:
    """Kill a service's main process, and wait until it is ready again as another one."""

    def status() -> str:
        return site.hosts.run("prod", "systemctl", "status", service).stdout

    before = status()
    subprocess.run(["kill", "-9", before.rsplit(" ", 1)[1].strip()], check=True)
    wait_for(lambda: status() not in (before, ""), 10, f"{service} is another process")
    wait_for(lambda: site.hosts.state("prod")["services"][service], 30, f"{service} is ready")


@pytest.mark.long
def test_killed_it_leaves_nothing_and_comes_back_as_it_was(site: Site) -> None:
    site.at("1.2.0")
    document = add_document(site.address, "Kept over a crash.")
    processes = site.hosts.processes("prod")
    assert {"nginx", "host-mongo"} <= {each.name() for each in processes} or "mongod" in str(processes)
    assert len(names(site)) == 2
    site.hosts.kill()
    assert seconds_until_gone(processes) < GONE_SECONDS
    site.hosts.start()
    wait_healthy(site, "1.2.0")
    assert document in [hit["document_id"] for hit in search(site.address, "crash")]
    wait_for(lambda: len(names(site)) == 2, 30, "both processes of the backend")
    assert site.hosts.state("prod")["health_checks"]["started"]


@pytest.mark.long
def test_killed_and_started_at_once_it_does_not_meet_itself(site: Site) -> None:
    site.at("1.2.0")
    processes = site.hosts.processes("prod")
    site.hosts.kill()
    site.hosts.start()
    wait_healthy(site, "1.2.0")
    assert alive(processes) == []


@pytest.mark.long
def test_killed_in_the_middle_of_a_deployment_it_goes_on(site: Site) -> None:
    site.at("1.2.0")
    deployment = site.prod.start(site.prod.shelf("1.3.0"))
    wait_for(
        lambda: site.prod.events(deployment).get("AfterInstall", {}).get("status") == "InProgress",
        60,
        "the installation begins",
    )
    site.hosts.kill()
    site.hosts.start()
    assert site.prod.ended(deployment)["status"] == "Succeeded"
    wait_healthy(site, "1.3.0")


@pytest.mark.long
def test_sigterm_ends_everything_at_once_and_in_order(site: Site) -> None:
    site.at("1.2.0")
    processes = site.hosts.processes("prod")
    began = time.monotonic()
    assert site.hosts.stop() == 0
    assert alive(processes) == []
    assert time.monotonic() - began < 15, "the sandbox kills a server that takes longer"
    site.hosts.start()
    wait_healthy(site, "1.2.0")


@pytest.mark.long
def test_a_service_that_dies_is_started_again(site: Site) -> None:
    site.at("1.2.0")
    for service in ("nginx", "mongod", "pm2"):
        kill_and_wait(site, service)
        wait_healthy(site, "1.2.0")


@pytest.mark.long
def test_an_account_that_starts_later_and_restarts(site: Site, tmp_path: Path) -> None:
    site.account.stop()
    hosts = HostServer(tmp_path / "hosts", site.account.url, "--stacks", "staging")
    hosts.start()
    try:
        wait_for(lambda: hosts.state("staging")["problem"], 20, "the account's absence is noticed")
        assert not hosts.state("staging")["registered"]
        site.account.start()
        wait_for(lambda: hosts.state("staging")["registered"], 20, "registration")
    finally:
        hosts.stop()
    site.prod.deploy("1.2.0")


def test_a_taken_port_is_one_line_and_exit_code_three(site: Site, tmp_path: Path) -> None:
    second = HostServer(tmp_path / "hosts", site.account.url)
    second.port = site.hosts.port
    done = subprocess.run(second.command(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (3, f"port {second.port} on 127.0.0.1 is taken by another program\n")


def test_only_accounts_on_loopback_are_served(tmp_path: Path) -> None:
    second = HostServer(tmp_path / "hosts", "https://codedeploy.example.com")
    done = subprocess.run(second.command(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "on loopback only" in done.stderr
