"""A copy of the cluster's objects of one kind, kept up to date: an informer.

The official client's own informer repeats a failed watch without a pause and can't hold custom resources.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sandbox.mesh.cluster import FAILURES, Cluster

log = logging.getLogger("sandbox.mesh")

RESYNC_SECONDS = 300
"""How often the whole list is read again, whatever was heard."""
PAUSE_SECONDS = 0.5
"""Between attempts while the cluster is away."""

Made = TypeVar("Made")


class WatchCache:
    """All objects under a path of the API. ``changed`` is called after each change."""

    def __init__(self, path: str, changed: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self.version = 0
        self.synced = asyncio.Event()
        self._changed = changed
        self._objects: dict[str, dict[str, Any]] = {}

    def objects(self) -> list[dict[str, Any]]:
        """Return the objects as they are known now. While the cluster is away: as they were."""
        return list(self._objects.values())

    async def follow(self, cluster: Cluster) -> None:
        """List and watch, for ever."""
        failing = False
        while True:
            try:
                listed = await cluster.get(self.path)
                if listed is None:
                    raise ValueError(f"the cluster doesn't serve {self.path} yet")
                self._replace({each["metadata"]["uid"]: each for each in listed["items"]})
                if failing:
                    log.info("%s: the cluster is back", self.path)
                failing = False
                async for event in cluster.watch(self.path, listed["metadata"]["resourceVersion"], RESYNC_SECONDS):
                    self._take(event)
            except FAILURES as error:
                if not failing and self.synced.is_set():
                    log.warning("%s: %s: %s", self.path, type(error).__name__, error)
                failing = True
                await asyncio.sleep(PAUSE_SECONDS)

    def _replace(self, objects: dict[str, dict[str, Any]]) -> None:
        self.synced.set()
        if objects != self._objects or not self.version:
            self._objects = objects
            self._tell()

    def _take(self, event: dict[str, Any]) -> None:
        if event["type"] == "ERROR":
            raise ValueError(event["object"].get("message", "the watch failed"))
        item = event["object"]
        if event["type"] == "DELETED":
            self._objects.pop(item["metadata"]["uid"], None)
        else:
            self._objects[item["metadata"]["uid"]] = item
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed()


class Memoized(Generic[Made]):
    """Something made of mirrors, made anew when it is asked for after one of them changed."""

    def __init__(self, make: Callable[..., Made], *mirrors: WatchCache) -> None:
        self._make, self._mirrors = make, mirrors
        self._versions: tuple[int, ...] | None = None
        self._made: Made | None = None

    def __call__(self) -> Made:
        """Return it as of now."""
        versions = tuple(mirror.version for mirror in self._mirrors)
        if self._made is None or versions != self._versions:
            self._made = self._make(*(mirror.objects() for mirror in self._mirrors))
            self._versions = versions
        return self._made
