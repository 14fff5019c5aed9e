"""The machine's own configuration, whichever nginx the machine has."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.host import programs
from sandbox.host.layout import Layout, Ports
from sandbox.host.service import listens
from sandbox.host.tools import Tools, nginx
from sandbox.host.tools.database import Database
from sandbox.host.tools.node import Node
from sandbox.paths import free_ports
from tests.sandbox.account.conftest import wait_for
from tests.sandbox.host.host_server import NEEDS_APT, call
from toolchain.paths import cache
from toolchain.progress import Progress

QUIET = Progress(quiet=True)


class Application(BaseHTTPRequestHandler):
    """Keeps connections for as long as the client likes, and tells in each answer which one it came on."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"client": %d}' % self.client_address[1]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def application() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def web(layout: Layout, program: Path, ports: Ports) -> Iterator[None]:
    """The host's nginx, with the site of a revision that says nothing of connections."""
    tools = Tools(Node(Path("node"), ()), Path("pm2"), program, Database("none", Path("none")))
    programs.write(layout, ports, tools, {}, control_port=1)
    (layout.nginx / "sites-enabled" / "site").write_text(
        f"upstream application {{ server 127.0.0.1:{ports.backend}; }}\n"
        f"server {{ listen 127.0.0.1:{ports.public}; location / {{ proxy_pass http://application; }} }}\n"
    )
    command = [*programs.nginx_command(layout, tools), "-g", "daemon off;"]
    process = subprocess.Popen(command)
    try:
        wait_for(listens(ports.public), 30, "nginx listens")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@pytest.mark.sandbox
@pytest.mark.parametrize("source", [pytest.param(nginx.from_debian, marks=NEEDS_APT), nginx.from_wheel])
def test_each_request_has_a_connection_of_its_own_to_the_application(
    source: Callable[[Path, Progress], Path], tmp_path: Path
) -> None:
    """On one that is kept, a process that is told to stop would be asked again and again until it is killed."""
    (public,) = free_ports(1)
    with application() as port, web(Layout(tmp_path, "prod"), source(cache(), QUIET), Ports(public, port, 1)):
        answers = [call(f"http://127.0.0.1:{public}/") for _ in range(5)]
    assert {status for status, _ in answers} == {200}
    assert len({answer["client"] for _, answer in answers}) == 5
