"""An account and hosts for all tests of a worker; each test brings the host to the version that it wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.sandbox.account.conftest import Account, wait_for
from tests.sandbox.host.host_server import Delivery, HostServer, call
from tests.support.scheduling import ends_with_folder

MINUTE_SECONDS = 2.0
"""Real seconds of an emulated minute: a lifecycle event then has two real minutes."""


@dataclass(frozen=True)
class Site:
    """The hosts, and the deployment groups that bring cryptique to two of them."""

    account: Account
    hosts: HostServer
    deliveries: dict[str, Delivery]

    @property
    def prod(self) -> Delivery:
        return self.deliveries["prod"]

    @property
    def address(self) -> str:
        return self.hosts.address("prod")

    def at(self, version: str, stack: str = "prod") -> None:
        """Bring a stack to a version, unless it runs it."""
        try:
            if call(f"{self.hosts.address(stack)}/health")[1]["version"] == version:
                return
        except OSError:
            pass  # nothing runs there yet
        self.deliveries[stack].deploy(version)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # A path with a space, and too long for a Unix socket: both happen to people.
    folder = tmp_path_factory.mktemp("a host") / ("long" * 12)
    folder.mkdir()
    account = Account(folder / "account" / "state", MINUTE_SECONDS)
    account.state_dir.parent.mkdir()
    account.start()
    hosts = HostServer(folder / "hosts", account.url)
    try:
        hosts.start()
        ends_with_folder(account.stop)
        ends_with_folder(lambda: _end(hosts))
        yield Site(account, hosts, {stack: Delivery(account, stack) for stack in ("dev", "prod")})
    finally:
        _end(hosts)
        account.stop()


def _end(hosts: HostServer) -> None:
    if hosts.process and hosts.process.poll() is None:
        hosts.stop()


@pytest.fixture(autouse=True)
def registered(request: pytest.FixtureRequest) -> None:
    """A test of the site begins when its hosts run, whatever the one before did, and are known to CodeDeploy."""
    if "site" not in request.fixturenames:
        return
    site: Site = request.getfixturevalue("site")
    for server in (site.account, site.hosts):
        if server.process is None or server.process.poll() is not None:
            server.start()
    wait_for(lambda: all(host["registered"] for host in site.hosts.health()["hosts"].values()), 60, "registration")
