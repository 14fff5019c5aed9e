"""``python -m sandbox``: the local account and cluster of this checkout."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from sandbox.environment import GUARDED, LEADS_ELSEWHERE, environment, shell_text
from sandbox.paths import SandboxError, State


def main(arguments: list[str] | None = None) -> int:
    """Run one command; errors are one line on standard error and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="set up what is missing and start what doesn't run")
    start.add_argument("--minute-seconds", type=float, default=60.0, help="real seconds an emulated minute lasts")
    commands.add_parser("build", help="build what the sandbox is made of and the cache lacks; start nothing")
    commands.add_parser("down", help="stop this checkout's servers; the state stays")
    commands.add_parser("status", help="what runs, and where")
    commands.add_parser("env", help="lines for eval that lead every tool to the sandbox")
    commands.add_parser("shell", help="a shell that is led to the sandbox")
    commands.add_parser("clean", help="stop the servers and delete the state")
    chosen = parser.parse_args(arguments)
    state = State.of_checkout()
    from toolchain.errors import ToolchainError

    try:
        return _run(chosen, state)
    except (SandboxError, ToolchainError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to go on", file=sys.stderr)
        return 130


def _run(chosen: argparse.Namespace, state: State) -> int:
    if chosen.command == "env":
        print(shell_text(state))
        return 0
    if chosen.command == "shell":
        _shell(state)
    from sandbox import setup
    from toolchain.progress import Progress

    if chosen.command == "build":
        setup.build(Progress())
    elif chosen.command == "up":
        setup.up(state, Progress(), chosen.minute_seconds)
    elif chosen.command == "status":
        return _status(state)
    else:
        stopped = setup.down(state)
        print(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")
        if chosen.command == "clean" and state.folder.exists():
            shutil.rmtree(state.folder)
            print("the sandbox's state is deleted")
    return 0


def _status(state: State) -> int:
    from sandbox import setup

    rows = [(server.name, server.process()) for server in setup.running(state)]
    for name, process in rows:
        print(f"{name:10} {f'runs, pid {process.pid}' if process else 'is down'}")
    return 0 if all(process for _, process in rows) else 1


def _shell(state: State) -> None:
    """Become a shell: nothing stands between the person and the tools."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    surroundings = {name: value for name, value in os.environ.items() if name not in LEADS_ELSEWHERE}
    print("This shell leads to the sandbox of this checkout. `exit` leaves it.", file=sys.stderr)
    os.execve(shell, [shell], {**surroundings, **environment(state), **GUARDED, "ROLLBACK_SHELL": "sandbox"})  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
