"""All the hosts of a state folder in one process: their machines, their agents, the endpoint that tells of them."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox.host import programs, systemctl
from sandbox.host.account import Account
from sandbox.host.agent.agent import Agent
from sandbox.host.agent.events import Place
from sandbox.host.machine import Machine
from sandbox.host.service import ServiceError
from sandbox.host.supervisor import EndingError

log = logging.getLogger("sandbox.host")

LARGEST_BODY = 65_536


@dataclass(frozen=True)
class Host:
    """A machine and its agent."""

    machine: Machine
    agent: Agent

    def state(self) -> dict[str, Any]:
        """What /health tells of it."""
        supervisor = self.machine.supervisor
        names = supervisor.services if supervisor else ()
        return {
            "instance": self.machine.layout.instance,
            "address": programs.address(self.machine.ports),
            "folder": str(self.machine.layout.root),
            "registered": self.agent.registered,
            "problem": self.agent.problem,
            "deployed": self.machine.deployed,
            "services": {name: bool(supervisor and supervisor.is_active(name)) for name in names},
            "health_checks": {"started": self.machine.timer.started, "last": self.machine.timer.last},
        }


class Hosts:
    """The hosts by stack."""

    def __init__(self, machines: list[Machine], account: Account, poll_seconds: float) -> None:
        self._ending = threading.Event()
        self.by_stack = {each.layout.stack: self._host(each, account, poll_seconds) for each in machines}

    def _host(self, machine: Machine, account: Account, poll_seconds: float) -> Host:
        layout, stack = machine.layout, machine.layout.stack
        # Deployment groups find on-premises instances by any of several tags; the last one is this stack's alone.
        tags = {"system": "cryptique", "stack": stack, "cryptique-stack": stack}
        place = Place(layout.root, layout.agent, machine.variables, self._ending)
        agent = Agent(
            layout.instance,
            account,
            place,
            lambda: account.register(
                layout.instance, tags, f"/cryptique/{stack}/address", programs.address(machine.ports)
            ),
            machine.wake,
            poll_seconds,
            layout.logs / "aws" / "codedeploy-agent" / "codedeploy-agent.log",
        )
        return Host(machine, agent)

    def start(self, control_port: int) -> None:
        """Clear what an earlier run left, bring back what was deployed, and start the agents."""
        every = list(self.by_stack.values())
        with ThreadPoolExecutor(max_workers=max(1, len(every))) as pool:
            list(pool.map(lambda host: host.machine.prepare(control_port), every))
        for host in every:
            threading.Thread(target=self._begin, args=(host,), daemon=True).start()

    @staticmethod
    def _begin(host: Host) -> None:
        if host.machine.deployed:
            try:
                host.machine.wake()
            except EndingError:
                return
            except ServiceError as error:
                log.error("%s: %s", host.machine.layout.instance, error)
        host.agent.start()

    def end(self) -> None:
        """Stop the agents and then everything that runs on the machines."""
        self._ending.set()
        every = list(self.by_stack.values())
        with ThreadPoolExecutor(max_workers=max(1, len(every))) as pool:
            list(pool.map(self._end, every))

    @staticmethod
    def _end(host: Host) -> None:
        host.agent.join()
        host.machine.end()


def make(port: int) -> ControlServer:
    """Return the server of GET /health and POST /hosts/<stack>/systemctl on 127.0.0.1, bound but not yet serving.

    Raises OSError when the port is taken.
    """
    server = ControlServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    return server


class ControlServer(ThreadingHTTPServer):
    """Answers 503 until it is given the hosts."""

    hosts: Hosts | None = None
    request_queue_size = 32


class _Handler(BaseHTTPRequestHandler):
    server: ControlServer

    def do_GET(self) -> None:
        hosts = self.server.hosts
        if self.path != "/health":
            self._answer(404, {"error": "there is /health only"})
        elif hosts is None:
            self._answer(503, {"ready": False})
        else:
            self._answer(200, {"ready": True, "hosts": {stack: host.state() for stack, host in hosts.by_stack.items()}})

    def do_POST(self) -> None:
        parts = self.path.strip("/").split("/")
        hosts = self.server.hosts
        host = hosts.by_stack.get(parts[1]) if hosts and len(parts) == 3 else None
        if host is None or (parts[0], parts[2]) != ("hosts", "systemctl"):
            self._answer(404, {"error": f"there is no {self.path}"})
            return
        try:
            given = json.loads(self.rfile.read(min(int(self.headers["Content-Length"]), LARGEST_BODY)))
            words = [str(word) for word in given["arguments"]]
        except (ValueError, KeyError, TypeError):
            self._answer(400, {"error": "arguments has to be a list of words"})
            return
        code, output = systemctl.run(host.machine, words)
        self._answer(200, {"code": code, "output": output})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no access log."""


def state_folder(folder: Path) -> Path:
    """Return a state folder's whole path: programs of the host are known by it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()
