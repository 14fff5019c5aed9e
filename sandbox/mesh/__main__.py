"""`python -m sandbox.mesh`: run the local cluster's ingress gateway in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import base64
import errno
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from sandbox.mesh import ingress
from sandbox.mesh.cluster import FAILURES, Cluster, ElsewhereError
from sandbox.mesh.gateway import Gateway
from sandbox.mesh.programs import Programs
from sandbox.mesh.pulled import Mirror
from sandbox.mesh.view import View
from sandbox.mesh.watch_cache import PAUSE_SECONDS

log = logging.getLogger("sandbox.mesh")

CLOSING_SECONDS = 5.0
"""How long open requests have when the gateway is told to stop."""


class PortTakenError(Exception):
    """The port belongs to another program; its text is the one line for the user."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mesh", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="of the local cluster; may appear later")
    parser.add_argument("--port", type=int, required=True, help="port of the gateway on 127.0.0.1")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for files of images and logs of pods")
    parser.add_argument("--mirror", default="", help="prefix=host:port/path, where the nodes pull such images from")
    parser.add_argument("--login", default="", help="user:password of that registry")
    given = parser.parse_args(argv)
    if not 0 < given.port < 1 << 16:
        parser.error("--port must be between 1 and 65535")
    return given


def mirror(given: argparse.Namespace) -> Mirror | None:
    """Where images are pulled from; None where no registry is named."""
    prefix, _, location = given.mirror.partition("=")
    header = f"Basic {base64.b64encode(given.login.encode()).decode()}" if given.login else ""
    return Mirror(prefix, location, header) if location else None


class Mesh:
    """The gateway with everything that it follows."""

    def __init__(self, cluster: Cluster, port: int, folder: Path, mirror: Mirror | None = None) -> None:
        self._cluster, self._port = cluster, port
        self._announced = self._was_ready = False
        self._view = View()
        self._programs = Programs(folder, cluster.get, mirror)
        self._gateway = Gateway(self._view.table, self._programs, self._ready, Random())  # noqa: S311 - no secret

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until told to stop. Raises PortTakenError, and ElsewhereError for another machine's cluster."""
        server = web.ServerRunner(web.Server(self._gateway.handle, access_log=None), shutdown_timeout=CLOSING_SECONDS)
        await server.setup()
        try:
            await self._listen(server)
            await _until(stop, self._work())
        finally:
            await server.cleanup()
            await self._gateway.close()
            await self._programs.end()

    async def _listen(self, server: web.ServerRunner) -> None:
        try:
            await web.TCPSite(server, ingress.ADDRESS, self._port).start()
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise PortTakenError(f"port {self._port} on 127.0.0.1 is taken by another program") from error
            raise

    def _work(self) -> list[Coroutine[Any, Any, None]]:
        followed = [mirror.follow(self._cluster) for mirror in self._view.mirrors]
        return [*followed, self._programs.keep(self._view.pods.objects, self._view.pods_touched), self._announce()]

    async def _announce(self) -> None:
        while not self._announced:
            try:
                await ingress.announce(self._cluster, self._port)
                self._announced = True
            except FAILURES as error:
                log.debug("%s: %s", type(error).__name__, error)
                await asyncio.sleep(PAUSE_SECONDS)

    def _ready(self) -> bool:
        """The cluster is known, knows the gateway, and the programs of its pods have been started once."""
        known = all(mirror.synced.is_set() for mirror in self._view.mirrors)
        if self._announced and known and not self._view.pods_touched.is_set() and self._programs.settled():
            self._was_ready = True
        return self._was_ready


async def _until(stop: asyncio.Event, work: list[Coroutine[Any, Any, None]]) -> None:
    """Do the work, which has no end, until told to stop; an error in it is raised."""
    working = asyncio.gather(*work)
    stopped = asyncio.ensure_future(stop.wait())
    ends: set[asyncio.Future[Any]] = {working, stopped}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def run(given: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cluster = Cluster(given.kubeconfig, given.state_dir / "tls")
    try:
        await Mesh(cluster, given.port, given.state_dir, mirror(given)).serve(stop)
    finally:
        await cluster.close()


def main(argv: list[str] | None = None) -> int:
    """Serve; errors are one line on standard error. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    given = arguments(argv)
    try:
        asyncio.run(run(given))
    except PortTakenError as error:
        print(error, file=sys.stderr)
        return 3
    except ElsewhereError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
