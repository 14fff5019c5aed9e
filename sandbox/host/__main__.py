"""`python -m sandbox.host`: play the machines that cryptique runs on, in the foreground, until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
from pathlib import Path

from sandbox import paths
from sandbox.host import identity, server, tools
from sandbox.host.account import Account
from sandbox.host.layout import STACKS, Layout
from sandbox.host.machine import Machine
from sandbox.shutdown import ShutdownSignal
from toolchain.errors import ToolchainError
from toolchain.paths import cache
from toolchain.progress import Progress

PORT_TAKEN = 3
"""The exit code that the sandbox's other servers have for it, too."""


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code (3: the port is taken)."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    given = arguments(argv)
    try:
        return serve(given)
    except (paths.SandboxError, ToolchainError) as error:
        print(error, file=sys.stderr)
        return 1


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.host", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="folder of all the hosts' folders")
    parser.add_argument("--account-url", required=True, help="address of `python -m sandbox.account`")
    parser.add_argument("--port", type=int, required=True, help="port of /health on 127.0.0.1")
    parser.add_argument("--stacks", default=",".join(STACKS), help="the stacks that have a host (default: %(default)s)")
    parser.add_argument("--poll-seconds", type=float, default=1.0, help="how often an agent asks for work")
    parser.add_argument("--health-interval", type=float, default=15.0, help="seconds between two health checks")
    found = parser.parse_args(argv)
    found.stacks = found.stacks.split(",")
    if unknown := sorted(set(found.stacks) - set(STACKS)):
        parser.error(f"--stacks takes {', '.join(STACKS)}, not {', '.join(unknown)}")
    return found


def serve(given: argparse.Namespace) -> int:
    """Run the hosts; returns the exit code. Raises SandboxError."""
    account = Account(given.account_url)
    try:
        web = server.make(given.port)
    except OSError:
        print(f"port {given.port} on 127.0.0.1 is taken by another program", file=sys.stderr)
        return PORT_TAKEN
    shutdown = ShutdownSignal()
    threading.Thread(target=web.serve_forever, name="http", daemon=True).start()
    hosts = _hosts(given, account)
    hosts.start(given.port)
    web.hosts = hosts
    shutdown.wait()
    hosts.end()
    web.shutdown()
    return 0


def _hosts(given: argparse.Namespace, account: Account) -> server.Hosts:
    folder = server.state_folder(given.state_dir)
    found = tools.ensure(cache(), Progress(), identity.kept_database(folder))
    chosen = identity.choose(folder, given.stacks, found.database.kind)
    machines = [
        Machine(Layout(folder / stack, stack), chosen.ports[stack], found, cache(), given.health_interval)
        for stack in given.stacks
    ]
    return server.Hosts(machines, account, given.poll_seconds)


if __name__ == "__main__":
    sys.exit(main())
