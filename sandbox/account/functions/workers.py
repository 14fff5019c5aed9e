"""Execution environments: one process each, reused for later events of the same function version, like Lambda's own.

An environment takes one event at a time; events that come meanwhile get further environments. It ends when it was
idle for a while, when its function timed out, or with the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import selectors
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.account import background, settings
from sandbox.account.functions import package, spawning

IDLE_SECONDS = 60.0
INIT_SECONDS = 10.0


@dataclass(frozen=True)
class Reply:
    """What came back from one event: the encoded result or error object, or how the process ended without one."""

    result: str | None = None
    error: str | None = None
    timed_out: bool = False
    exit_status: int | None = None
    log: str = ""
    seconds: float = 0.0
    started_in: float | None = None


@dataclass
class Worker:
    """A running environment."""

    process: Any
    calls: Any
    results: int
    stream: str
    idle_since: float = 0.0
    fresh: bool = True

    def end(self) -> None:
        """Kill the process and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        for handle in (self.calls, self.process.stdout):
            with contextlib.suppress(OSError):
                if handle:
                    handle.close()
        with contextlib.suppress(OSError):
            os.close(self.results)


_idle: dict[str, list[Worker]] = {}
_all: dict[int, Worker] = {}
_lock = threading.Lock()


def environment(function: Any, stream: str) -> dict[str, str]:
    """Return the environment variables of a moto function (AWS Lambda Developer Guide, "Defined runtime variables")."""
    kept = {name: os.environ[name] for name in spawning.PASSED_ON if name in os.environ}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "_HANDLER": str(function.handler),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": str(function.function_name),
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_LOG_GROUP_NAME": str(function.logs_group_name),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL": settings.current().endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": str(package.code_folder(function)),
        "LAMBDA_LAYER_PATHS": os.pathsep.join(package.layer_paths(function)),
        **{name: str(value) for name, value in (function.environment_vars or {}).items()},
    }


def run(key: str, function: Any, call: dict[str, Any], seconds: float) -> tuple[Reply, str]:
    """Give one event to an environment of the function version `key`; returns the reply and its log stream's name.

    The event gets `seconds`; then the environment is killed. The caller must hold no lock: the function may call the
    account while it runs.
    """
    worker = _take(key) or _start(function)
    with _lock:
        _all[worker.process.pid] = worker
    with background.GATE.outside():
        reply = _exchange(worker, call, seconds)
    if reply.timed_out or reply.exit_status is not None:
        _forget(worker)
        worker.end()
    else:
        worker.idle_since = time.monotonic()
        with _lock:
            _idle.setdefault(key, []).append(worker)
    return reply, worker.stream


def _take(key: str) -> Worker | None:
    with _lock:
        waiting = _idle.get(key, [])
        while waiting:
            worker = waiting.pop()
            if worker.process.poll() is None:
                return worker
            _all.pop(worker.process.pid, None)
            worker.end()
    return None


def _start(function: Any) -> Worker:
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
    folder = package.code_folder(function)
    calls_in, calls_out = os.pipe()
    results_in, results_out = os.pipe()
    try:
        process = spawning.start(folder, environment(function, stream), calls_in, results_out)
    finally:
        os.close(calls_in)
        os.close(results_out)
    return Worker(process, os.fdopen(calls_out, "wb"), results_in, stream)


def _exchange(worker: Worker, call: dict[str, Any], seconds: float) -> Reply:
    log = bytearray()
    started_in = None
    if worker.fresh:
        # Loading the code doesn't count against the function's timeout, but has a limit of its own.
        began = time.monotonic()
        ready, closed = _next_line(worker, log, INIT_SECONDS)
        started_in = time.monotonic() - began
        if ready is None:
            status = worker.process.wait() if closed else None
            return Reply(timed_out=not closed, exit_status=status, log=_text(log), started_in=started_in)
        worker.fresh = False
    started = time.monotonic()
    with contextlib.suppress(OSError):  # it died while idle; its exit status is found below
        worker.calls.write(json.dumps({**call, "deadline": time.time() + seconds}).encode() + b"\n")
        worker.calls.flush()
    line, closed = _next_line(worker, log, seconds)
    spent = time.monotonic() - started
    if line is not None:
        reply = json.loads(line)
        return Reply(reply.get("result"), reply.get("error"), log=_text(log), seconds=spent, started_in=started_in)
    if closed:
        return Reply(exit_status=worker.process.wait(), log=_text(log), seconds=spent, started_in=started_in)
    return Reply(timed_out=True, log=_text(log), seconds=seconds, started_in=started_in)


def _next_line(worker: Worker, log: bytearray, seconds: float) -> tuple[bytes | None, bool]:
    """Wait for a line from the environment, collecting what it prints; returns the line and whether it hung up."""
    assert worker.process.stdout is not None
    output = worker.process.stdout.fileno()
    line = bytearray()
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        ready.register(output, selectors.EVENT_READ, log)
        ready.register(worker.results, selectors.EVENT_READ, line)
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0:
                return None, False
            for key, _ in ready.select(left):
                piece = os.read(key.fd, 65536)
                key.data.extend(piece)
                if not piece and key.fd == worker.results:
                    _drain(output, log)
                    return None, True
                if not piece:
                    ready.unregister(output)
    _drain(output, log)
    return bytes(line), False


def _drain(output: int, log: bytearray) -> None:
    # Everything printed before the line was sent is in the pipe by now.
    while select.select([output], [], [], 0)[0]:
        piece = os.read(output, 65536)
        if not piece:
            return
        log.extend(piece)


def _text(log: bytearray) -> str:
    return bytes(log).decode("utf-8", "replace")


def _forget(worker: Worker) -> None:
    with _lock:
        _all.pop(worker.process.pid, None)


@background.every(5.0, "idle-functions")
def end_idle() -> None:
    """End environments that had nothing to do for IDLE_SECONDS."""
    before = time.monotonic() - IDLE_SECONDS
    with _lock:
        old = [worker for waiting in _idle.values() for worker in waiting if worker.idle_since < before]
        for key, waiting in list(_idle.items()):
            _idle[key] = [worker for worker in waiting if worker not in old]
            if not _idle[key]:
                del _idle[key]
        for worker in old:
            _all.pop(worker.process.pid, None)
    for worker in old:
        worker.end()


def end_all() -> None:
    """End every environment, busy or not."""
    with _lock:
        everything = list(_all.values())
        _all.clear()
        _idle.clear()
    for worker in everything:
        worker.end()
