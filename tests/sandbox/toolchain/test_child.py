"""The SDK's slow ways that a program is spared, each held against the SDK's own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from sandbox.toolchain.language_host.child import DebugInBackground, Frames, WaitForAll
from tests.support.project import ROOT


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


def test_the_stack_is_the_one_that_python_tells() -> None:
    def shown(frames: list[traceback.FrameSummary]) -> list[tuple[str, str]]:
        return [(frame.filename, frame.name) for frame in frames]

    assert shown(Frames().extract_stack()) == shown(traceback.extract_stack())
    assert Frames().extract_stack()[-1].lineno == traceback.extract_stack()[-1].lineno
    assert Frames().format_exc() == traceback.format_exc()


PLACES = """
import pulumi.runtime.resource as declared
from sandbox.toolchain.language_host.child import Frames, note_places_once
def told():
    return [declared._get_source_position_for_frame(frame) for frame in Frames().extract_stack()]
def again():
    return told()
before = [told() for _ in range(2)][1]
note_places_once()
first, second = [told() for _ in range(2)]
assert [each.uri for each in first] == [each.uri for each in before], (first, before)
assert first == second and first[-1] is second[-1]
assert again()[-2].line != first[-2].line
"""


OUTPUTS = """
import asyncio
import pulumi.runtime.rpc as calls
from sandbox.toolchain.language_host.child import give_outputs_one_future
class Bucket:
    pass
class Failed(Exception):
    pass
ENDS = {"name": ("b", True, False, None, None), "arn": (None, False, False, set(), None),
        "key": ("k", True, True, {"role"}, None), "part": ([calls.UNKNOWN], True, False, None, None),
        "tags": (None, False, False, None, Failed("no"))}
async def told(custom):
    bucket = Bucket()
    resolvers = calls.transfer_properties(bucket, {"urn": 1, "id": 1, **ENDS}, custom)
    for name, end in ENDS.items():
        resolvers[name](*end)
    found = {"names": (sorted(resolvers), sorted(vars(bucket)))}
    for name in ENDS:
        output = getattr(bucket, name)
        try:
            said = [await output.future(), await output.is_known(), await output.is_secret()]
            found[name] = said, {"bucket" if each is bucket else each for each in await output.resources()}
        except Failed as error:
            found[name] = str(error)
    return found
async def both():
    return [await told(custom) for custom in (True, False)]
theirs = asyncio.run(both())
give_outputs_one_future()
ours = asyncio.run(both())
assert ours == theirs, (ours, theirs)
"""
NAMES = """
import asyncio
import pulumi
import pulumi.runtime.resource as declared
from sandbox.toolchain.language_host.child import name_at_once
ABOVE = "urn:pulumi:prod::project::a:b:System::one"
PARTS = [("queue", "aws:sqs/queue:Queue", ABOVE), ("a::b", "kind", ABOVE + "::c"), ("queue", "kind", None),
         ("queue", "kind", None, "other", "dev")]
async def told():
    later = pulumi.Output.from_input("late")
    return [await declared.create_urn(*each).future() for each in [*PARTS, (later, "kind", ABOVE)]]
pulumi.runtime.configure(pulumi.runtime.Settings(project="project", stack="prod"))
theirs = asyncio.run(told())
name_at_once()
ours = asyncio.run(told())
assert ours == theirs, (ours, theirs)
"""


@pytest.mark.parametrize("checked", [PLACES, OUTPUTS, NAMES], ids=["places", "outputs", "names"])
def test_the_sdk_says_the_same_as_before(tmp_path: Path, checked: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(checked)
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(  # what it stands in for would stay in place for the tests that follow
        [sys.executable, str(program)], capture_output=True, text=True, timeout=60, check=False, env=surroundings
    )
    assert (ran.returncode, ran.stderr) == (0, "")


ENDING = """
import atexit, sys
from sandbox.toolchain.language_host.child import End
end = End()
atexit.register(print, "said at the end")
print("said before")
if len(sys.argv) > 1:
    raise ValueError("nobody caught it")
sys.exit(end.with_code(70))
"""


@pytest.mark.parametrize(("words", "code", "error"), [((), 70, ""), (("fail",), 1, "ValueError: nobody caught it")])
def test_what_the_program_left_for_its_end_is_done_and_said(words: tuple[str, ...], code: int, error: str) -> None:
    done = subprocess.run([sys.executable, "-c", ENDING, *words], capture_output=True, text=True, check=False)
    assert done.stdout == "said before\nsaid at the end\n"
    assert (done.returncode, done.stderr.strip().splitlines()[-1:]) == (code, [error] if error else [])
