"""One invocation from start to end: which version, is there room, run it, log it, count it.

Behaviour after the AWS Lambda Developer Guide ("Invoking functions", "Function scaling", "Types of metrics for Lambda
functions") and the Invoke API reference.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.awslambda.models import lambda_backends

from sandbox.account import metrics, settings
from sandbox.account.functions import Outcome, logs, queued, workers
from sandbox.account.functions.targets import Target, find

LOG_TAIL = 4096


class ThrottledError(Exception):
    """The reserved concurrency leaves no room."""


_running: Counter[tuple[str, str]] = Counter()
_counting = threading.Lock()


@contextmanager
def _room(target: Target) -> Iterator[int]:
    """Take one of the function's concurrent executions; yields how many run now. Raises ThrottledError."""
    latest = lambda_backends[settings.current().account_id][target.region].get_function(target.name)
    limit = latest.reserved_concurrency
    key = (target.region, target.name)
    with _counting:
        if limit is not None and _running[key] >= int(limit):
            raise ThrottledError
        _running[key] += 1
        now = _running[key]
    try:
        yield now
    finally:
        with _counting:
            _running[key] -= 1


def invoke(
    function: str, payload: Any, *, region: str, qualifier: str | None = None, asynchronous: bool = False
) -> Outcome:
    """See `sandbox.account.functions.invoke`."""
    target = find(function, region, qualifier)
    if asynchronous:
        queued.add(target, payload)
        return Outcome(None, None, "", target.version)
    try:
        with _room(target) as concurrent:
            return _run(target, payload, concurrent)
    except ThrottledError:
        count(target, {"Throttles": (1, "Count")})
        return Outcome({"errorMessage": "Rate Exceeded."}, None, "", target.version, throttled=True)


def fingerprint(function: Any) -> str:
    """Return what environments of a function version are shared by: its code and configuration as they are now."""
    from sandbox.account.functions.versions import describe

    return f"{function.region}/{function.function_name}/{function.version}/{describe(function)}"


def _run(target: Target, payload: Any, concurrent: int) -> Outcome:
    function, request = target.function, str(uuid.uuid4())
    call = {"id": request, "arn": target.arn, "event": payload}
    started_ms = int(time.time() * 1000)
    try:
        reply, stream = workers.run(fingerprint(function), function, call, float(function.timeout or 3))
    except Exception as error:  # the package can't be unpacked or the process not started: the function's own failure
        text = f"Error: the function's environment could not be started: {error}"
        reply, stream = workers.Reply(exit_status=1, log=text + "\n"), f"init/{uuid.uuid4().hex}"
    result, failed = _result(reply, request, float(function.timeout or 3))
    log = logs.write(function, stream, request, reply, started_ms)
    count(
        target,
        {
            "Invocations": (1, "Count"),
            "Errors": (int(failed), "Count"),
            "Duration": (reply.seconds * 1000, "Milliseconds"),
            "ConcurrentExecutions": (concurrent, "Count"),
        },
    )
    return Outcome(result, "Unhandled" if failed else None, log[-LOG_TAIL:], target.version)


def _result(reply: workers.Reply, request: str, timeout: float) -> tuple[Any, bool]:
    if reply.result is not None:
        return json.loads(reply.result), False
    if reply.error is not None:
        return json.loads(reply.error), True
    if reply.timed_out:
        text = f"RequestId: {request} Error: Task timed out after {timeout:.2f} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": text}, True
    text = f"RequestId: {request} Error: Runtime exited with error: exit status {reply.exit_status}"
    return {"errorType": "Runtime.ExitError", "errorMessage": text}, True


def count(target: Target, values: dict[str, tuple[float, str]]) -> None:
    """Write an invocation's metrics under every combination of dimensions that Lambda writes them under."""
    name, resource = {"FunctionName": target.name}, {"FunctionName": target.name, "Resource": target.resource}
    combinations: list[dict[str, str]] = [{}, name, resource]
    if target.through_alias:
        combinations.append({**resource, "ExecutedVersion": target.version})
    for metric, (value, unit) in values.items():
        for dimensions in combinations:
            metrics.put(target.region, "AWS/Lambda", metric, value, dimensions, unit)
