"""Runs one Pulumi program, policy pack or plugin in the interpreter of its project.

Started by the language host as a plain file. It needs only the Pulumi SDK. The job comes as JSON on standard input.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import json
import logging
import os
import queue
import runpy
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

FINISHED = 70
"""Exit code of a program that ran to its end. Not 0, so that a program which ends its own process (`os._exit(0)`) is
never taken for one whose missing resources the engine may delete."""
REPORTED = 71
"""Exit code of a program that failed and whose error the engine has already been told."""
NO_SDK = 72
"""Exit code when this interpreter has no Pulumi SDK."""
MODULES_OF_PYTHON = ("site-packages", "dist-packages")


class ProgramExitError(Exception):
    """The program called sys.exit with something other than success."""

    def __init__(self, code: object) -> None:
        told = code if isinstance(code, str) else f"the program called sys.exit({code!r})"
        super().__init__(told)


def main() -> int:
    """Read the job, make this process end with its parent, and run it; the exit code for the host."""
    job = json.load(sys.stdin)
    end = End()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    # Our own modules must not hide those of the program: Python puts the folder of the file it runs on the path.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != os.path.dirname(os.path.abspath(__file__))]
    # The engine interrupts what it stops: end at once, without the traceback of a KeyboardInterrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        import pulumi.runtime  # noqa: F401 - the rest needs it, here its absence can be told apart
    except ModuleNotFoundError as error:
        if error.name not in {"pulumi", "grpc", "google"}:
            raise
        return NO_SDK
    run = {"program": _run_program, "policy": _run_policy_pack, "plugin": _run_plugin}[job["kind"]]
    return end.with_code(run(job))


class End:
    """Ends the process once everything that the program registered with `atexit` has run.

    Python would then free each object of the SDKs by itself, which takes 0.4 s for those of prod (2026-11-26).
    """

    def __init__(self) -> None:
        self._code: int | None = None
        # What is registered first runs last.
        atexit.register(self._end)

    def with_code(self, code: int) -> int:
        """The same code, which the process will end with."""
        self._code = code
        return code

    def _end(self) -> None:
        if self._code is None:
            return  # an error that nobody caught: Python ends as it always does
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(self._code)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    if os.getpgrp() == parent:
        # The engine made the host the leader of a group of its own: what the program started goes with it.
        os.killpg(parent, signal.SIGTERM)
    os._exit(1)


def _run_program(job: dict[str, Any]) -> int:
    # A program lives for seconds and allocates hundreds of thousands of objects that stay (the typed SDKs): walking
    # them was 0.35 s of the 2.6 s of CPU time that a preview of 138 resources takes (2026-11-24).
    gc.disable()
    import pulumi

    look_up_types_once()
    note_places_once()
    give_outputs_one_future()
    name_at_once()
    pulumi.runtime.set_all_config(job["config"], job["secret_keys"])
    settings = pulumi.runtime.Settings(**job["settings"])
    pulumi.runtime.configure(settings)
    vars(pulumi.runtime.stack)["asyncio"] = WaitForAll()
    if not job["debug"]:
        vars(pulumi.log)["debug"] = unheard
    messages = DebugInBackground(pulumi.runtime.settings.SETTINGS.engine)
    pulumi.runtime.settings.SETTINGS.engine = messages
    program = job["program"]
    sys.argv = [program, *job["args"]]
    sys.path.insert(0, program if os.path.isdir(program) else os.path.dirname(program))
    # The SDK leaves unfinished futures behind when a program fails; asyncio would complain about each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    origins = Origins()
    loop.set_task_factory(origins.new_task)
    executor = ThreadPoolExecutor(max_workers=4 * max(job["settings"]["parallel"] or 1, 1))
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _execute(program)))
    except (pulumi.RunError, ProgramExitError) as error:
        pulumi.log.error(str(error))
        return REPORTED
    except Exception as error:
        trace = user_traceback(origins.restore(error), program)
        pulumi.log.error(f"Program failed with an unhandled exception:\n{trace}")
        return REPORTED
    finally:
        executor.shutdown(wait=True)
        loop.close()
        messages.finish()
    return FINISHED


def unheard(*_: Any, **__: Any) -> None:
    """Stands for `pulumi.log.debug` where the engine would throw its messages away.

    The SDK sends some six of them for every resource: they were 0.75 s of the 6.0 s of CPU time that a preview of prod
    takes (2026-11-26).
    """


def look_up_types_once() -> None:
    """Remember the properties of the SDK's classes: it works them out anew for each resource, with `get_type_hints`."""
    import pulumi._types as types

    for name in ("_types_from_annotations", "_types_from_py_properties"):
        setattr(types, name, functools.cache(getattr(types, name)))


def note_places_once() -> None:
    """Remember what the SDK tells of each line that declares resources: it works that out anew for every frame."""
    import pulumi.runtime.resource as declared

    work_out = vars(declared)["_get_source_position_for_frame"]
    known: dict[tuple[str, int | None], Any] = {}

    def position(frame: traceback.FrameSummary) -> Any:
        place = (frame.filename, frame.lineno)
        if place not in known:
            known[place] = work_out(frame)
        return known[place]

    vars(declared).update(traceback=Frames(), _get_source_position_for_frame=position)


def give_outputs_one_future() -> None:
    """Have a property of a resource wait for one future. The SDK makes four for each, and a task that gathers them.

    With `name_at_once` it was 0.08 of the 2.6 s of CPU time that a preview of 272 resources takes (2026-11-26).
    """
    import pulumi.output
    import pulumi.runtime.rpc as calls

    def resolve(
        resource: Any, data: asyncio.Future[Any], value: Any, known: bool, secret: bool, needs: Any, failed: Any
    ) -> None:
        if failed is None:
            data.set_result(pulumi.output._OutputData({resource, *(needs or ())}, value, known, secret))
        else:
            data.set_exception(failed)

    def transfer_properties(resource: Any, properties: Any, custom: bool) -> dict[str, Any]:
        resolvers = {}
        for name in properties:
            if name == "urn" or (name == "id" and custom):
                continue
            data: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            resolvers[name] = functools.partial(resolve, resource, data)
            vars(resource)[name] = pulumi.Output._from_data(data)
        return resolvers

    vars(calls)["transfer_properties"] = transfer_properties


def name_at_once() -> None:
    """Compute a URN whose parts are known in one step. The SDK takes four, for a value that only its mocks look at."""
    import pulumi.output
    import pulumi.runtime.resource as declared

    work_out = vars(declared)["create_urn"]

    def create_urn(name: Any, kind: Any, parent: Any = None, project: Any = None, stack: Any = None) -> Any:
        if not all(isinstance(part, str) for part in (name, kind, parent)):
            return work_out(name, kind, parent, project, stack)
        data = asyncio.get_running_loop().create_future()
        urn = f"{parent[: parent.rfind('::')]}${kind}::{name}"
        data.set_result(pulumi.output._OutputData(set(), urn, True, False))
        return pulumi.Output._from_data(data)

    vars(declared)["create_urn"] = create_urn


class Frames:
    """Stands for `traceback` in the SDK's `pulumi.runtime.resource`, which notes where each resource was declared.

    It wants names and line numbers; Python's own `extract_stack` also asks the disk whether each source has changed.
    """

    def __getattr__(self, name: str) -> Any:
        """Everything else is the module's own."""
        return getattr(traceback, name)

    @staticmethod
    def extract_stack() -> list[traceback.FrameSummary]:
        """The caller's stack, outermost frame first, without the text of its lines."""
        frames = []
        for frame, line in traceback.walk_stack(sys._getframe(1)):
            code = frame.f_code
            frames.append(traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=False))
        return frames[::-1]


class WaitForAll:
    """Stands for `asyncio` in the SDK's `pulumi.runtime.stack`: waits for all outputs at once, or the first error.

    After the last registration the SDK waits for FIRST_COMPLETED over and over and sorts all outputs that are left each
    time: with the 900 of a program of 138 resources that was 1.7 s of its 5.0 s of CPU time (pulumi 3.250.0).
    """

    def __getattr__(self, name: str) -> Any:
        """Everything else is asyncio's own."""
        return getattr(asyncio, name)

    @staticmethod
    async def wait(tasks: Any, **_: Any) -> Any:
        """`asyncio.wait`, whatever it is asked to return for."""
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


class DebugInBackground:
    """Stands for the SDK's stub of the engine: the program doesn't wait until a debug message has arrived.

    The SDK sends them one by one from the main thread, whether anybody reads them or not: 640 round trips of 0.5 ms
    for a program of 138 resources. All other messages are sent as they were. engine: the stub.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send, daemon=True)
        self._sender.start()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stub's own."""
        return getattr(self._engine, name)

    def Log(self, request: Any) -> Any:
        """Send a message of the program."""
        from pulumi.runtime.proto import engine_pb2

        if request.severity == engine_pb2.DEBUG:
            self._waiting.put(request)
            return None
        return self._engine.Log(request)

    def finish(self) -> None:
        """Wait until everything was sent."""
        self._waiting.put(None)
        self._sender.join()

    def _send(self) -> None:
        while (request := self._waiting.get()) is not None:
            # Debug messages are no reason to fail; the calls that matter say that the engine is gone.
            with contextlib.suppress(Exception):
                self._engine.Log(request)


class Origins:
    """Remembers where errors inside asyncio tasks, such as those of `apply` callbacks, were first raised.

    A task hands its error on with the traceback only once (CPython clears it), and the SDK awaits each more than once,
    so that without this the user's own line would be missing.
    """

    def __init__(self) -> None:
        self._tracebacks: dict[int, tuple[BaseException, TracebackType | None]] = {}

    def new_task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        """A task factory (`loop.set_task_factory`)."""
        return asyncio.Task(self._remember(work), loop=loop, **options)

    async def _remember(self, work: Any) -> Any:
        try:
            return await work
        except Exception as error:
            self._tracebacks.setdefault(id(error), (error, error.__traceback__))
            raise

    def restore(self, error: Exception) -> Exception:
        """The error with its first traceback."""
        known = self._tracebacks.get(id(error))
        return error.with_traceback(known[1]) if known else error


def _execute(program: str) -> None:
    """Run the file. An early `sys.exit()` is a normal end: what was declared before it must still be registered."""
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise ProgramExitError(end.code) from None


def user_traceback(error: BaseException, program: str) -> str:
    """The traceback as Python prints it, without the frames that lead to the user's own code."""
    root = os.path.abspath(program if os.path.isdir(program) else os.path.dirname(program)) + os.sep
    report = traceback.TracebackException.from_exception(error)
    pending: list[traceback.TracebackException | None] = [report]
    seen: set[int] = set()
    while pending:
        part = pending.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack = _from_first_user_frame(part, root)
        pending += [part.__cause__, part.__context__, *(getattr(part, "exceptions", None) or ())]
    return "".join(report.format())


def _from_first_user_frame(part: traceback.TracebackException, root: str) -> traceback.StackSummary:
    for position, frame in enumerate(part.stack):
        name = frame.filename
        if name.startswith(root) and not any(f"{os.sep}{folder}{os.sep}" in name for folder in MODULES_OF_PYTHON):
            return traceback.StackSummary.from_list(part.stack[position:])
    # A syntax error names its place itself; any other error without a user's frame is shown whole.
    is_syntax_error = getattr(part, "text", None) is not None
    return traceback.StackSummary.from_list([]) if is_syntax_error else part.stack


def _run_policy_pack(job: dict[str, Any]) -> int:
    """Serve a pack as `python -m pulumi.policy ENGINE FOLDER` would; the SDK reads the stack from variables."""
    os.environ.update(job["variables"])
    sys.path.insert(0, job["folder"])
    sys.argv = ["pulumi.policy", *job["args"], job["folder"]]
    runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)
    return 0


def _run_plugin(job: dict[str, Any]) -> int:
    """Serve any other plugin written in Python: the folder's `__main__.py`."""
    sys.path.insert(0, job["folder"])
    sys.argv = [job["folder"], *job["args"]]
    runpy.run_path(job["folder"], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
