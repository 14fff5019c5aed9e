"""The guard's stores lie in an account; no cluster, no hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.paths import free_ports
from sandbox.providers import plugin
from tests.conftest import TEST_MINUTE
from tests.support.project import ROOT
from tests.support.sandbox import RunningSandbox, start, stop
from tests.support.scheduling import ends_with_folder


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """The account of a sandbox, the server of its databases, and its plugin, which every engine joins.

    An engine that starts the plugin itself, as every user's does, needs 0.3 s of CPU more, and a scenario has six.
    """
    running = start(tmp_path_factory.mktemp("guarded"), TEST_MINUTE, only=("postgres", "account"))
    (port,) = free_ports(1)
    environment = {**os.environ, **running.environment, plugin.PORT: str(port)}
    command = [sys.executable, "-m", "sandbox.providers.aws"]
    provider = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    ends_with_folder(lambda: end(running, provider))
    try:
        assert provider.stdout is not None
        assert int(provider.stdout.readline()) == port
        yield replace(running, environment={**running.environment, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"})
    finally:
        end(running, provider)


def end(running: RunningSandbox, provider: subprocess.Popen[bytes]) -> None:
    """Stop the plugin and the sandbox, if they haven't been."""
    provider.kill()
    provider.wait()
    stop(running)
