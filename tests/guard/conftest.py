"""The guard's stores lie in an account; no cluster, no hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.guard.account import account, stop_account
from tests.support.sandbox import RunningSandbox
from tests.support.scheduling import ends_with_folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The account of a sandbox, the server of its databases, and its plugin, which every engine joins."""
    running, provider = account(tmp_path_factory.mktemp("guarded"), ("postgres", "account"))
    ends_with_folder(lambda: stop_account(running, provider))
    try:
        yield running
    finally:
        stop_account(running, provider)


@pytest.fixture
def mocked_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in this process, whatever the environment leads to."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "sandbox")
    with mock_aws():
        yield
