"""The SDK's two slow ways that a program is spared."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from sandbox.toolchain.language_host.child import DebugInBackground, WaitForAll


class Engine:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.may_answer = threading.Event()

    def Log(self, request: Any) -> str:
        if request.severity == engine_pb2.DEBUG:
            assert self.may_answer.wait(10)
        if request.message == "lost":
            raise ConnectionError
        self.heard.append(request.message)
        return "answer"

    def GetRootResource(self) -> str:
        return "root"


def message(severity: Any, text: str) -> Any:
    return SimpleNamespace(severity=severity, message=text)


def test_nobody_waits_for_debug_messages_and_none_is_dropped() -> None:
    engine = Engine()
    stub = DebugInBackground(engine)
    for text in ("one", "lost", "two"):
        stub.Log(message(engine_pb2.DEBUG, text))
    assert stub.Log(message(engine_pb2.ERROR, "failed")) == "answer"
    assert engine.heard == ["failed"]
    engine.may_answer.set()
    stub.finish()
    assert engine.heard == ["failed", "one", "two"]
    assert stub.GetRootResource() == "root"


def test_outputs_are_waited_for_together_until_one_fails() -> None:
    async def fail() -> None:
        await asyncio.sleep(0.01)
        raise ValueError("wrong")

    async def run(*work: Any) -> tuple[int, int]:
        tasks = [asyncio.ensure_future(each) for each in work]
        done, pending = await WaitForAll.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            await task
        return len(done), len(pending)

    assert asyncio.run(run(asyncio.sleep(0), asyncio.sleep(0.01))) == (2, 0)
    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(run(asyncio.sleep(0), asyncio.sleep(60), fail()))
    assert WaitForAll().sleep is asyncio.sleep
