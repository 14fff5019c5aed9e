"""Nothing the language host has started outlives it, however the CLI ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.toolchain.trial_project import Project

pytestmark = pytest.mark.engine

SLEEPER = """
import os, subprocess, time

helper = subprocess.Popen(["sleep", "300"])
with open("pids.partial", "w") as file:
    file.write(f"{os.getpid()} {os.getppid()} {helper.pid}")
os.rename("pids.partial", "pids")
time.sleep(300)
"""


def wait_for(condition: object, seconds: float = 20.0) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def start(project: Project) -> tuple[subprocess.Popen[bytes], list[int]]:
    project.program(SLEEPER)
    cli = subprocess.Popen(
        project.command("preview"),
        cwd=project.folder,
        env=project.environment,
        stdout=(project.folder / "output").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    pids = project.folder / "pids"
    assert wait_for(pids.exists), (project.folder / "output").read_text()
    return cli, [int(word) for word in pids.read_text().split()]


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_cli_leaves_no_orphans(project: Project, number: signal.Signals) -> None:
    cli, started = start(project)
    cli.send_signal(number)
    cli.wait(timeout=20)
    assert wait_for(lambda: not any(map(alive, started)), 10), started


def test_a_killed_cli_leaves_no_orphans(project: Project) -> None:
    cli, started = start(project)
    cli.kill()
    cli.wait(timeout=20)
    assert wait_for(lambda: not any(map(alive, started)), 10), started


def test_a_killed_language_host_takes_the_program_along(project: Project) -> None:
    cli, started = start(project)
    os.kill(started[1], signal.SIGKILL)
    assert wait_for(lambda: not any(map(alive, started)), 10), started
    cli.wait(timeout=20)
    assert cli.returncode != 0


def test_the_host_ends_at_once_every_time(project: Project, tools: Path) -> None:
    for _ in range(5):
        host = subprocess.Popen(
            [tools / "pulumi-language-python", "127.0.0.1:1"],
            env=project.environment,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert host.stdout is not None
        assert int(host.stdout.readline()) > 0
        host.send_signal(signal.SIGINT)
        assert host.wait(timeout=2) == 0
