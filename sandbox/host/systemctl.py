"""What `systemctl` does on a host: as much of it as the runbook and the revisions' hooks use.

Exit codes are those of systemctl(1): 0, 1 for a failure, 3 for a unit that isn't active, 5 for one that doesn't exist.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from sandbox.host import programs, timer
from sandbox.host.machine import Machine
from sandbox.host.service import ServiceError

ACTIONS = ("start", "stop", "restart", "reload", "status", "is-active")
FAILED, INACTIVE, UNKNOWN = 1, 3, 5
RELOAD_SECONDS = 30


def run(machine: Machine, arguments: Sequence[str]) -> tuple[int, str]:
    """Carry out a command line; returns the exit code and what is printed."""
    match [word for word in arguments if not word.startswith("-")]:
        case [action, unit] if action in ACTIONS:
            name = unit.removesuffix(".service").removesuffix(".timer")
        case _:
            return FAILED, f"systemctl: usage: systemctl {'|'.join(ACTIONS)} UNIT\n"
    if name == timer.UNIT:
        return _timer(machine.timer, action)
    if machine.supervisor is None:
        return _asleep(machine, action, name)
    if name not in machine.supervisor.services:
        units = ", ".join([*machine.supervisor.services, timer.UNIT])
        return UNKNOWN, f"systemctl: unit {unit} isn't on this host: {units} are\n"
    try:
        return _service(machine, action, name)
    except ServiceError as error:
        return FAILED, f"systemctl: {action} {unit} failed: {error}\n"


def _timer(found: timer.HealthTimer, action: str) -> tuple[int, str]:
    if action == "stop":
        found.stop()
    elif action in ("start", "restart"):
        found.start()
    elif action == "reload":
        return FAILED, f"systemctl: {timer.UNIT} can't be reloaded\n"
    else:
        return _state(action, timer.UNIT, found.started, found.last)
    return 0, ""


def _asleep(machine: Machine, action: str, name: str) -> tuple[int, str]:
    """Answer for a host to which nothing was deployed yet."""
    if action in ("status", "is-active"):
        return _state(action, name, False, f"nothing was deployed to {machine.layout.instance} yet")
    return FAILED, f"systemctl: nothing was deployed to {machine.layout.instance} yet, so nothing runs there\n"


def _service(machine: Machine, action: str, name: str) -> tuple[int, str]:
    supervisor = machine.supervisor
    assert supervisor is not None
    if action in ("status", "is-active"):
        process = supervisor.services[name].process
        return _state(action, name, supervisor.is_active(name), f"main process {process.pid}" if process else "")
    if action != "reload":
        supervisor.change(name, wanted=action != "stop", again=action == "restart")
        return 0, ""
    if name != "nginx":
        return FAILED, f"systemctl: {name} can't be reloaded\n"
    # Debian's nginx.service has the same as its ExecReload; it reads the configuration first and refuses a bad one.
    command = [*programs.nginx_command(machine.layout, machine.tools), "-s", "reload"]
    done = subprocess.run(
        command, env=machine.variables, capture_output=True, text=True, timeout=RELOAD_SECONDS, check=False
    )
    return (FAILED, done.stderr) if done.returncode else (0, "")


def _state(action: str, name: str, active: bool, more: str) -> tuple[int, str]:
    word = "active" if active else "inactive"
    text = f"{word}\n" if action == "is-active" else f"{name}: {word}{f', {more}' if more else ''}\n"
    return (0 if active else INACTIVE), text
