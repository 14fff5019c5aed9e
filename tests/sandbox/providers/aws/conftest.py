from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

from sandbox.paths import free_ports
from sandbox.providers import plugin
from sandbox.providers.aws.service import AwsProvider
from tests.sandbox.account.conftest import Account
from tests.sandbox.providers.aws.harness import Harness, boto


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    # Importing a part of the account puts it in moto's place, in whatever process does so.
    assert S3Backend.put_bucket_notification_configuration.__module__.startswith("moto."), "a test patched moto here"
    (port,) = free_ports(1)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    moto.start()
    yield f"http://127.0.0.1:{port}"
    moto.stop()


@pytest.fixture
def account(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")).read()
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return server


@pytest.fixture
def client(account: str) -> Any:
    return lambda service: boto(service, account)


@pytest.fixture
def sandbox_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Harness]:
    """A provider on the sandbox's own account, for what moto alone can't do."""
    (tmp_path / "state").mkdir()
    account = Account(tmp_path / "state")
    account.start()
    grpc_server, port = plugin.start(AwsProvider())
    harness = Harness(port)
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", account.url)
        harness.configure(region="us-east-1")
        yield harness
    finally:
        harness.channel.close()
        grpc_server.stop(0)
        if account.process is not None:
            account.process.terminate()
            account.process.wait(10)


@pytest.fixture
def provider(account: str) -> Iterator[Harness]:
    grpc_server, port = plugin.start(AwsProvider())
    harness = Harness(port)
    harness.configure(region="us-east-1")
    yield harness
    harness.channel.close()
    grpc_server.stop(0)
