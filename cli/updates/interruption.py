"""Ctrl-C during an update: what was begun is stopped and rolled back, and what goes on by itself is said.

A terminal sends SIGINT to ``rollback`` and to the engine alike. The engine then cancels: it has the program stop what
CodeDeploy shifts (``codedeploy.interruption``), and ends. What is still under way after that is stopped from here. At
the second Ctrl-C the engine ends at once, and nothing more is stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.health import shifts
from codedeploy.deployments import TAKES_BACK
from stacks.settings import StackSettings

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_received: list[int] = []


def attended(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run the engine to its end, however often one is interrupted meanwhile; its exit code.

    Raises ``FileNotFoundError`` where there is no such command.
    """
    _received.clear()
    terminal = _has_terminal()
    process: subprocess.Popen[bytes] | None = None

    def interrupted(number: int, _: FrameType | None) -> None:
        _received.append(number)
        if process is not None and not (terminal and number == signal.SIGINT):
            process.send_signal(number)

    heard = SIGNALS if threading.current_thread() is threading.main_thread() else ()
    # Before the engine starts: an interruption in between would leave it running with nobody who waits for it.
    before = {number: signal.signal(number, interrupted) for number in heard}
    try:
        # Without a terminal nobody signals the whole group: the engine gets one of its own, and each signal once.
        process = subprocess.Popen(command, cwd=folder, env=environment, process_group=None if terminal else 0)
        for number in list(_received):
            process.send_signal(number)
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def was_interrupted() -> bool:
    """Whether the last run of the engine was."""
    return bool(_received)


def settle(settings: StackSettings, outputs: Mapping[str, Any]) -> None:
    """After an update that was interrupted: stop what CodeDeploy still moves, or say that it goes on.

    Never raises: what can't be looked at is said.
    """
    if not _received:
        return
    try:
        for group, deployment in _under_way(settings, outputs):
            identifier = str(deployment["deploymentId"])
            if len(_received) > 1 or deployment.get("creator") == TAKES_BACK:
                _say(settings, shifts.drift(group, deployment).line(settings.stack))
                continue
            _say(settings, f"deployment {identifier} of {group.name} is being rolled back; Ctrl-C leaves it")
            status = shifts.stop(identifier, settings.region)
            _say(settings, f"deployment {identifier} of {group.name}: {status}")
    except KeyboardInterrupt:
        _received.append(signal.SIGINT)
        _leave(settings, outputs)
    except (BotoCoreError, ClientError) as error:
        _say(settings, f"the deployments can't be looked at, and may go on by themselves (CodeDeploy): {error}")


def _leave(settings: StackSettings, outputs: Mapping[str, Any]) -> None:
    try:
        for group, deployment in _under_way(settings, outputs):
            _say(settings, shifts.drift(group, deployment).line(settings.stack))
    except (BotoCoreError, ClientError, KeyboardInterrupt):
        _say(settings, "deployments that are under way go on by themselves (CodeDeploy)")


def _under_way(settings: StackSettings, outputs: Mapping[str, Any]) -> Iterator[tuple[shifts.Group, Mapping[str, Any]]]:
    for system, told in (outputs.get("systems") or {}).items():
        for group in shifts.groups(told or {}, system, settings.stack):
            for deployment in shifts.under_way(group, settings.region):
                yield group, deployment


def _say(settings: StackSettings, line: str) -> None:
    print(f"{settings.stack}: {line}", file=sys.stderr)


def _has_terminal() -> bool:
    """Whether a terminal signals our process group when somebody types Ctrl-C there."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
