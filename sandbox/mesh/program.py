"""One running program: started, started again when it ends by itself, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from sandbox.mesh.launches import Launch, surroundings

log = logging.getLogger("sandbox.mesh")

RUNNER = Path(__file__).with_name("runner.py")
LISTEN_SECONDS = 30.0
"""How long a start may take until the program listens."""
LOOK_SECONDS = 0.02
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a program that ended by itself is started again: doubles with every end."""
SOUND_SECONDS = 60.0
"""A program that ran this long begins with the first pause again."""
END_SECONDS = 5.0
"""Between SIGTERM and SIGKILL."""


class Program:
    """A process for all pods whose launch is equal."""

    def __init__(self, launch: Launch, lifeline: int, log_file: Path, changed: Callable[[], None]) -> None:
        self.launch = launch
        self.pods: set[str] = set()
        self.port: int | None = None
        """Where it listens on 127.0.0.1 now."""
        self.starting = True
        self._lifeline, self._log_file, self._changed = lifeline, log_file, changed
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._task = asyncio.create_task(self._keep(), name=launch.name)

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """While a request is open, the process isn't ended."""
        self._open += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self._idle.set()

    async def end(self, grace: float) -> None:
        """End it, after its open requests, for which it gets ``grace`` seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                reason = await self._run()
            except OSError as error:
                reason = str(error)
            if time.monotonic() - began > SOUND_SECONDS:
                pause = FIRST_PAUSE
            log.warning("%s %s; again in %.0f s, see %s", self.launch.name, reason, pause, self._log_file.name)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            self.starting = True

    async def _run(self) -> str:
        """Start the process and wait for its end; returns what became of it."""
        with self._log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                # Without the packages of the checkout: the images are made of Python and their own files.
                *(sys.executable, "-SP", str(RUNNER), str(self._lifeline), *self.launch.arguments),
                cwd=self.launch.folder,
                env=surroundings(self.launch),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(self._lifeline,),
                start_new_session=True,
            )
        try:
            reason = await self._listens(process)
            if reason is None:
                self._say(starting=False)
                reason = f"ended with exit code {await process.wait()}"
            return reason
        finally:
            self.port = None
            self._say(starting=False)
            await _end(process)

    async def _listens(self, process: Process) -> str | None:
        """Wait until the process listens; returns why it doesn't."""
        deadline = time.monotonic() + LISTEN_SECONDS
        while process.returncode is None:
            for address, port in _listening(process.pid):
                if not ipaddress.ip_address(address).is_loopback:
                    return f"listens on {address} instead of HOST"
                self.port = port
                return None
            if time.monotonic() > deadline:
                return f"didn't listen on HOST and PORT within {LISTEN_SECONDS:.0f} s"
            await asyncio.sleep(LOOK_SECONDS)
        return f"ended with exit code {process.returncode} before it listened"

    def _say(self, *, starting: bool) -> None:
        self.starting = starting
        self._changed()


def _listening(pid: int) -> list[tuple[str, int]]:
    """The addresses a process listens on. Asked of the kernel: no other program's port can be mistaken for its."""
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return []
    return [(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN]


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
