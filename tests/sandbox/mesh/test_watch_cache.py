"""A copy of the cluster's objects, through everything that happens to a watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.mesh import watch_cache
from sandbox.mesh.watch_cache import Memoized, WatchCache

Event = tuple[str, str, int]
"""Kind of event, uid, generation."""


class Script:
    """A cluster that gives lists and watches as they are written down, and then falls silent."""

    def __init__(self, *steps: list[Event] | Exception | None) -> None:
        self.steps = list(steps)
        self.silent = asyncio.Event()

    async def get(self, path: str) -> dict[str, Any] | None:
        step = await self._next()
        if step is None:
            return None
        return {"metadata": {"resourceVersion": "7"}, "items": [item(uid, number) for _, uid, number in step]}

    async def watch(self, path: str, version: str, seconds: int) -> AsyncIterator[dict[str, Any]]:
        assert version == "7"
        for kind, uid, number in await self._next() or ():
            yield {"type": kind, "object": {"message": "too old"} if kind == "ERROR" else item(uid, number)}

    async def _next(self) -> list[Event] | None:
        if not self.steps:
            self.silent.set()
            await asyncio.Event().wait()
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def item(uid: str, number: int) -> dict[str, Any]:
    return {"metadata": {"uid": uid, "generation": number}}


def followed(*steps: list[Event] | Exception | None) -> tuple[dict[str, int], int]:
    """What is known at the end of a script, and how often a change was told."""

    async def run() -> tuple[dict[str, int], int]:
        told: list[int] = []
        cluster, made = Script(*steps), WatchCache("/api/v1/pods", lambda: told.append(1))
        task = asyncio.create_task(made.follow(cluster))  # type: ignore[arg-type]
        await asyncio.wait_for(cluster.silent.wait(), 10)
        task.cancel()
        assert made.synced.is_set()
        return {each["metadata"]["uid"]: each["metadata"]["generation"] for each in made.objects()}, len(told)

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_cache, "PAUSE_SECONDS", 0.01)


def test_changes_are_followed() -> None:
    events = [("MODIFIED", "a", 2), ("ADDED", "b", 1), ("DELETED", "a", 2)]
    assert followed([("", "a", 1)], events) == ({"b": 1}, 4)


def test_what_was_missed_is_seen_at_the_next_list() -> None:
    assert followed([("", "a", 1)], [], [("", "a", 3), ("", "c", 1)], []) == ({"a": 3, "c": 1}, 2)
    assert followed([("", "a", 1)], [], [("", "a", 1)], []) == ({"a": 1}, 1)


def test_a_watch_that_is_too_old_begins_anew() -> None:
    assert followed([("", "a", 1)], [("ERROR", "", 0)], [("", "b", 1)], []) == ({"b": 1}, 2)


def test_a_cluster_that_is_away_is_asked_again_and_what_is_known_stays() -> None:
    away = OSError("connection refused")
    assert followed(None, away, [], []) == ({}, 1)
    assert followed([("", "a", 1)], [("ADDED", "b", 1)], away, away) == ({"a": 1, "b": 1}, 2)


def test_what_is_derived_is_made_once_for_each_change() -> None:
    made: list[int] = []
    source = WatchCache("/api/v1/pods")
    derived = Memoized(lambda objects: made.append(1) or len(objects), source)  # type: ignore[func-returns-value]
    assert [derived(), derived()] == [0, 0]
    source.version += 1
    assert derived() == 0
    assert len(made) == 2
