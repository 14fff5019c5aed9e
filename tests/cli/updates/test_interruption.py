"""Ctrl-C during an update: the engine gets it once, and what CodeDeploy still shifts is stopped, or said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cli.updates import interruption
from tests.cli.health.account import Account, settings

CHILD = """
import pathlib, signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
pathlib.Path(sys.argv[1]).touch()
deadline = time.monotonic() + 30
while len(got) < int(sys.argv[2]) and time.monotonic() < deadline:
    time.sleep(0.01)
time.sleep(0.2)
sys.exit(40 + len(got))
"""


def attended(folder: Path, signals: int) -> int:
    """Run a child and interrupt this process as often; what the child ended with."""
    ready = folder / "ready"

    def interrupt() -> None:
        while not ready.exists():
            time.sleep(0.01)
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)

    aside = threading.Thread(target=interrupt)
    aside.start()
    try:
        command = [sys.executable, "-c", CHILD, str(ready), str(signals)]
        return interruption.attended(command, folder, os.environ)
    finally:
        aside.join()


@pytest.mark.parametrize("signals", [0, 1, 2])
def test_the_engine_gets_each_signal_once_and_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signals: int
) -> None:
    monkeypatch.setattr(interruption, "_has_terminal", lambda: False)
    before = signal.getsignal(signal.SIGINT)
    assert attended(tmp_path, signals) == 40 + signals
    assert interruption.was_interrupted() is bool(signals)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_while_the_engine_starts_reaches_it_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nobody waits for an engine that goes on, and the copy of the settings that it reads is removed."""
    start = subprocess.Popen

    def slow(*given: object, **named: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        child = start(*given, **named)  # type: ignore[call-overload]
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        return child

    monkeypatch.setattr(interruption, "_has_terminal", lambda: False)
    monkeypatch.setattr("subprocess.Popen", slow)
    command = [sys.executable, "-c", CHILD, str(tmp_path / "ready"), "1"]
    assert interruption.attended(command, tmp_path, os.environ) == 41


def settle(account: Account, monkeypatch: pytest.MonkeyPatch, signals: int) -> None:
    account.answer(monkeypatch)
    monkeypatch.setattr(interruption, "_received", [signal.SIGINT] * signals)
    interruption.settle(settings(), {"systems": {"security-assistant": account.told, "gone": None}})


def test_after_one_ctrl_c_what_is_under_way_is_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account("security-assistant")
    account.shifting("api", "d-1")
    account.shifting("worker", "d-2", creator="codeDeployRollback")
    settle(account, monkeypatch, 1)
    assert account.stopped == ["d-1"]
    assert capsys.readouterr().err.splitlines() == [
        "prod: deployment d-1 of api is being rolled back; Ctrl-C leaves it",
        "prod: deployment d-1 of api: Stopped",
        "prod: deployment d-2 takes worker back (InProgress since 07:13:34 UTC): it ends by itself",
    ]


def test_after_two_it_is_left_and_said_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account("security-assistant")
    account.shifting("api", "d-1")
    settle(account, monkeypatch, 2)
    assert account.stopped == []
    said = capsys.readouterr().err
    assert "deployment d-1 of api is under way (CodeDeploy" in said
    assert "`aws deploy stop-deployment --deployment-id d-1 --auto-rollback-enabled`" in said


def test_a_ctrl_c_while_it_stops_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account("security-assistant")
    account.shifting("api", "d-1")

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.updates.interruption.shifts.stop", interrupted)
    settle(account, monkeypatch, 1)
    assert "deployment d-1 of api is under way (CodeDeploy" in capsys.readouterr().err


def test_without_ctrl_c_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account("security-assistant")
    account.shifting("api", "d-1")
    settle(account, monkeypatch, 0)
    assert account.stopped == []
