"""cryptique deployed in place to a host, by CodeDeploy's own API, with real nginx, pm2 and database."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apps import archives, catalogue
from tests.sandbox.account.conftest import wait_for
from tests.sandbox.host.conftest import Site
from tests.sandbox.host.host_server import add_document, call, search

pytestmark = pytest.mark.sandbox

CLIENT_PAUSE = 0.05
"""Seconds: some 40 requests a second, which leave the deployment most of a small machine."""


class Client:
    """A user who asks through nginx all the time."""

    def __init__(self, address: str) -> None:
        self._address, self._ended = address, threading.Event()
        self.answers: list[tuple[int, Any]] = []
        self.versions: set[str] = set()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(CLIENT_PAUSE):
            for path, body in (("/health", None), ("/api/query", {"query": "night"})):
                try:
                    status, answer = call(self._address + path, body)
                except OSError as error:
                    status, answer = 0, str(error)
                self.answers.append((status, answer))
                if status == 200:
                    self.versions.add(answer["version"])

    @property
    def failures(self) -> list[tuple[int, Any]]:
        return [answer for answer in self.answers if answer[0] != 200]

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


@contextmanager
def asking(address: str) -> Iterator[Client]:
    client = Client(address)
    try:
        yield client
    finally:
        client.end()


@contextmanager
def without_registry(root: Path) -> Iterator[None]:
    """A command that fails stands in for a registry that is away."""
    npm = root / "usr/local/bin/npm"
    kept = npm.read_text()
    npm.write_text("#!/bin/sh\nexit 1\n")
    try:
        yield
    finally:
        npm.write_text(kept)


def config(root: Path) -> dict[str, bytes]:
    """The files that belong to a release and lie outside of its code."""
    current = root / "opt/cryptique/current"
    return {
        "env": (current / ".env.production").read_bytes(),
        "nginx": (root / "etc/nginx/sites-available/cryptique").read_bytes(),
        "release": str(current.readlink()).encode(),
    }


@pytest.mark.long
def test_there_and_back_without_a_failed_request_and_with_the_same_configuration(site: Site) -> None:
    site.at("1.2.0")
    root = site.hosts.root("prod")
    before = config(root)
    first = add_document(site.address, "Owls hunt at night.")
    with asking(site.address) as client:
        site.prod.deploy("1.3.0")
        assert config(root)["env"] != before["env"]
        assert config(root)["nginx"] != before["nginx"]
        second = add_document(site.address, "Bats wake up at night, too.", title="Bats")
        assert first in [hit["document_id"] for hit in search(site.address, "owls")]
        with without_registry(root):
            site.prod.deploy("1.2.0")
    assert config(root) == before
    assert second in [hit["document_id"] for hit in search(site.address, "bats")]
    assert client.failures == []
    assert client.versions == {"1.2.0", "1.3.0"}
    assert len(client.answers) > 100


def test_the_order_of_a_deployment_is_the_runbooks(site: Site) -> None:
    site.at("1.2.0")
    events = site.prod.events(site.prod.deploy("1.2.0"))
    said = "".join(events[name]["diagnostics"]["logTail"] for name in events)
    order = [
        *("health checks are stopped", "cryptique-backend goes from 2 to 1", "is installed already"),
        *("candidate.conf test is successful", "is in place", "/health: 200", "/api/status: 200"),
        *("cryptique-backend goes from 1 to 2", "health checks are started"),
    ]
    places = [said.find(words) for words in order]
    assert -1 not in places, said
    # The two endpoints are asked at the same time.
    places[5:7] = sorted(places[5:7])
    assert places == sorted(places)
    assert [event["status"] for event in events.values()] == ["Succeeded"] * 7


@pytest.mark.long
def test_a_bad_nginx_configuration_fails_the_deployment_and_changes_nothing(site: Site) -> None:
    site.at("1.2.0")
    root = site.hosts.root("prod")
    before = config(root)
    with asking(site.address) as client:
        found = site.prod.ended(site.prod.start(site.prod.shelf("2.0.0")))
    assert found["status"] == "Failed"
    failed = site.prod.events(found["deploymentId"])["AfterInstall"]["diagnostics"]
    assert failed["scriptName"] == "hooks/check_config.sh"
    assert 'zero size shared memory zone "cryptique_query"' in failed["logTail"]
    back = site.prod.info(found["rollbackInfo"]["rollbackDeploymentId"])
    assert (back["status"], back["creator"]) == ("Succeeded", "codeDeployRollback")
    assert config(root) == before
    assert client.failures == []
    assert client.versions == {"1.2.0"}
    state = site.hosts.state("prod")
    assert state["health_checks"]["started"]
    assert set(state["services"].values()) == {True}


@pytest.mark.long
def test_an_application_that_does_not_start_is_rolled_back_with_its_env_file(site: Site) -> None:
    site.at("1.2.0")
    before = config(site.hosts.root("prod"))
    original = catalogue.revision("cryptique", "1.3.0").files
    files = {
        **original,
        "src/version.js": b"'use strict';\n\nmodule.exports = '9.9.9';\n",
        "server.js": b"throw new Error('it does not start');\n",
        # Less patient, as the test waits for both.
        "ecosystem.config.js": original["ecosystem.config.js"].replace(
            b"listen_timeout: 15000", b"listen_timeout: 2000"
        ),
        "hooks/validate.sh": b'#!/usr/bin/env bash\nsource "$(dirname "$0")/common.sh"\n'
        b'node "$REVISION/scripts/probe.js" "$(host_setting PUBLIC_URL)" --version "$VERSION" --attempts 2 /health\n',
    }
    key = site.prod.publish("crashes.zip", archives.zip_bytes(files))
    found = site.prod.ended(site.prod.start(key))
    assert found["status"] == "Failed"
    assert site.prod.events(found["deploymentId"])["ValidateService"]["diagnostics"]["errorCode"] == "ScriptFailed"
    assert config(site.hosts.root("prod")) == before
    assert call(f"{site.address}/health") == (200, {"status": "ok", "version": "1.2.0"})


def test_the_health_timer_probes_while_it_is_started(site: Site) -> None:
    site.at("1.2.0")
    log = site.hosts.root("prod") / "var/log/cryptique/health-check.log"

    def lines() -> list[str]:
        return log.read_text().splitlines() if log.exists() else []

    before = len(lines())
    wait_for(lambda: len(lines()) >= before + 2, 20, "two more checks")
    assert " healthy in " in lines()[-1]
    assert "/api/status: 200" in lines()[-1]
    assert site.hosts.run("prod", "systemctl", "is-active", "cryptique-health-check").stdout == "active\n"
    site.hosts.run("prod", "systemctl", "stop", "cryptique-health-check.timer")
    stopped = len(lines())
    time.sleep(1.5)
    assert len(lines()) == stopped
    assert site.hosts.run("prod", "systemctl", "is-active", "cryptique-health-check").returncode == 3
    site.hosts.run("prod", "systemctl", "start", "cryptique-health-check")
    wait_for(lambda: len(lines()) > stopped, 20, "a check")


def test_systemctl_stops_starts_and_reloads_what_the_runbook_does(site: Site) -> None:
    site.at("1.2.0")
    run = site.hosts.run
    assert run("prod", "systemctl", "stop", "nginx").returncode == 0
    assert run("prod", "systemctl", "status", "nginx").returncode == 3
    with pytest.raises(OSError, match="refused"):
        call(f"{site.address}/health")
    assert run("prod", "systemctl", "start", "nginx").returncode == 0
    assert call(f"{site.address}/health")[0] == 200
    assert run("prod", "systemctl", "reload", "nginx").returncode == 0
    assert run("prod", "systemctl", "restart", "mongod").returncode == 0
    wait_for(lambda: call(f"{site.address}/api/status")[0] == 200, 30, "the database is found again")
    unknown = run("prod", "systemctl", "start", "apache2")
    assert (unknown.returncode, "isn't on this host: mongod, pm2, nginx" in unknown.stderr) == (5, True)
    assert run("prod", "systemctl", "enable", "nginx").returncode == 1
    assert run("staging", "systemctl", "start", "nginx").returncode == 1, "nothing was deployed there"


@pytest.mark.long
def test_two_hosts_side_by_side(site: Site) -> None:
    site.at("1.2.0")
    site.at("1.1.0", "dev")
    add_document(site.hosts.address("dev"), "Zebras live on the dev host only.")
    assert call(f"{site.hosts.address('dev')}/health")[1]["version"] == "1.1.0"
    assert call(f"{site.address}/health")[1]["version"] == "1.2.0"
    assert all("Zebras" not in hit["text"] for hit in search(site.address, "zebras", 50))
    assert site.hosts.processes("staging") == [], "an unused host costs nothing"


def test_a_host_is_registered_and_tells_its_address(site: Site) -> None:
    deploy, parameters = site.account.client("codedeploy"), site.account.client("ssm")
    for stack in ("dev", "staging", "prod"):
        found = deploy.get_on_premises_instance(instanceName=f"cryptique-{stack}-1")["instanceInfo"]
        tags = {tag["Key"]: tag["Value"] for tag in found["tags"]}
        assert tags == {"system": "cryptique", "stack": stack, "cryptique-stack": stack}
        told = parameters.get_parameter(Name=f"/cryptique/{stack}/address")["Parameter"]
        assert (told["Value"], told["Version"]) == (site.hosts.address(stack), 1)
