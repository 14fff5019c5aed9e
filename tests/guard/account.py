"""The account that the guard's small worlds lie in, with its plugin, which every engine joins."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from sandbox.paths import free_ports
from sandbox.providers import plugin
from tests.conftest import TEST_MINUTE
from tests.support.project import ROOT
from tests.support.sandbox import RunningSandbox, start, stop


def account(folder: Path, only: tuple[str, ...] = ("account",)) -> tuple[RunningSandbox, subprocess.Popen[bytes]]:
    """Start it.

    An engine that starts the plugin itself, as every user's does, needs 0.3 s of CPU more, and a scenario has six.
    """
    running = start(folder, TEST_MINUTE, only=only)
    (port,) = free_ports(1)
    environment = {**os.environ, **running.environment, plugin.PORT: str(port)}
    command = [sys.executable, "-m", "tests.guard.plugin"]
    provider = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    assert provider.stdout is not None
    assert int(provider.stdout.readline()) == port
    return replace(running, environment={**running.environment, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"}), provider


def stop_account(running: RunningSandbox, provider: subprocess.Popen[bytes]) -> None:
    """Stop the plugin and the sandbox, if they haven't been."""
    provider.kill()
    provider.wait()
    stop(running)
