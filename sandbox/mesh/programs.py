"""The programs of all pods: started with the first pod that needs them, ended when the last one is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.mesh import endpoints
from sandbox.mesh.cluster import FAILURES
from sandbox.mesh.images import Images
from sandbox.mesh.launches import LaunchError, prepare
from sandbox.mesh.program import Program
from sandbox.mesh.pulled import Mirror
from sandbox.mesh.routes import Object
from sandbox.mesh.variables import Get

log = logging.getLogger("sandbox.mesh")

RETRY_SECONDS = 1.0
"""Until a pod whose environment couldn't be read is looked at again."""


class Programs:
    """Which pod is served by which process. ``folder`` holds the images' files and the programs' output."""

    def __init__(self, folder: Path, get: Get, mirror: Mirror | None = None) -> None:
        self.changed = Signal()
        self._images, self._get = Images(folder / "images", mirror=mirror), get
        self._logs = folder / "logs"
        self._of: dict[str, Program | None] = {}
        self._refused: dict[str, str] = {}
        self._running: set[Program] = set()
        self._ending: set[asyncio.Task[None]] = set()
        # Processes watch this pipe: it closes with the mesh, even when the mesh is killed.
        self._lifeline, self._held = os.pipe()
        shutil.rmtree(self._logs, ignore_errors=True)
        self._logs.mkdir(parents=True)

    async def keep(self, pods: Callable[[], Sequence[Object]], touched: asyncio.Event) -> None:
        """Follow the pods, for ever. ``touched`` is set when there may be something new."""
        while True:
            await touched.wait()
            touched.clear()
            again = False
            try:
                again = not await self.follow(pods())
            except FAILURES as error:
                log.warning("%s: %s", type(error).__name__, error)
                again = True
            if again:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(touched.wait(), RETRY_SECONDS)
                touched.set()

    async def follow(self, pods: Sequence[Object]) -> bool:
        """Start and end what is due; False where a pod couldn't be served and should be looked at again."""
        present = {pod["metadata"]["uid"]: pod for pod in pods if not endpoints.is_leaving(pod)}
        self._leave({uid for uid in {*self._of, *self._refused} if uid not in present})
        for uid, pod in present.items():
            if uid not in self._of and starts(pod):
                await self._take(uid, pod)
        return not self._refused

    def program(self, uid: str, port: int) -> Program | None:
        """Return a pod's program when it listens, and on the port that is asked for."""
        found = self._of.get(uid)
        return found if found and found.port is not None and found.launch.port == port else None

    def may_come(self, uid: str, port: int) -> bool:
        """Return whether waiting for a pod's program makes sense: it is being started, or not looked at yet."""
        if uid in self._of:
            found = self._of[uid]
            return found is not None and found.starting and found.launch.port == port
        return uid not in self._refused

    def settled(self) -> bool:
        """Return whether no program is being started."""
        return not any(program.starting for program in self._running)

    async def end(self) -> None:
        """End all at once."""
        await asyncio.gather(*(program.end(0) for program in self._running), return_exceptions=True)
        await asyncio.gather(*self._ending, return_exceptions=True)
        os.close(self._held)
        os.close(self._lifeline)

    async def _take(self, uid: str, pod: Object) -> None:
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        try:
            launch = await prepare(pod, self._images, self._get)
        except LaunchError as error:
            if self._refused.get(uid) != str(error):
                log.warning("pod %s: %s", name, error)
            self._refused[uid] = str(error)
            return
        self._refused.pop(uid, None)
        if launch is None:
            self._of[uid] = None
        else:
            program = next((each for each in self._running if each.launch == launch), None)
            if program is None:
                program = Program(launch, self._lifeline, self._logs / f"{launch.name}.log", self.changed.fire)
                self._running.add(program)
            program.pods.add(uid)
            self._of[uid] = program
        self.changed.fire()

    def _leave(self, gone: set[str]) -> None:
        for uid in gone:
            self._refused.pop(uid, None)
            program = self._of.pop(uid, None)
            if program is None:
                continue
            program.pods.discard(uid)
            if not program.pods:
                self._running.discard(program)
                task = asyncio.create_task(program.end(program.launch.grace))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)


def starts(pod: Object) -> bool:
    """Return whether a pod's program is due: before the pod is ready, so that no request waits for it to start.

    Tasks (the pods of Jobs) are left to the cluster, which knows how they end.
    """
    if pod["spec"].get("restartPolicy", "Always") != "Always":
        return False
    scheduled = bool(pod["spec"].get("nodeName")) and not pod["spec"].get("initContainers")
    return scheduled or endpoints.is_ready(pod)


class Signal:
    """Wakes everybody who waits, each time it fires."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Wake who waits now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait_for(self, seconds: float) -> None:
        """Until it fires next, or for some seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
