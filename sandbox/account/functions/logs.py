"""The log of a function: CloudWatch Logs group /aws/lambda/<name>, one stream per execution environment."""

from __future__ import annotations

import contextlib
from typing import Any

from sandbox.account.functions.workers import Reply

MAX_EVENTS = 1_000
"""Newest events kept in one stream."""

MAX_STREAMS = 40
"""Newest streams kept in one group."""


def write(function: Any, stream: str, request: str, reply: Reply, started_ms: int) -> str:
    """Write one invocation's log with the START, END and REPORT lines of the runtime; returns it as text."""
    milliseconds = reply.seconds * 1000
    report = (
        f"REPORT RequestId: {request}\tDuration: {milliseconds:.2f} ms\tBilled Duration: {int(milliseconds) + 1} ms\t"
        f"Memory Size: {function.memory_size} MB\tMax Memory Used: {function.memory_size} MB"
    )
    if reply.started_in is not None:
        report += f"\tInit Duration: {reply.started_in * 1000:.2f} ms"
    lines = [f"START RequestId: {request} Version: {function.version}", *reply.log.splitlines()]
    if reply.timed_out:
        lines.append(f"{request} Task timed out after {float(function.timeout or 3):.2f} seconds")
    elif reply.exit_status is not None:
        lines.append(f"RequestId: {request} Error: Runtime exited with error: exit status {reply.exit_status}")
    lines += [f"END RequestId: {request}", report]
    group = function.logs_group_name
    backend = function.logs_backend
    backend.ensure_log_group(group)
    known = backend.groups[group].streams
    if stream not in known:
        with contextlib.suppress(Exception):  # two invocations may make it at the same time
            backend.create_log_stream(group, stream)
        for old in list(known)[:-MAX_STREAMS]:
            known.pop(old, None)
    finished_ms = started_ms + int(milliseconds)
    stamps = [started_ms, *[finished_ms] * (len(lines) - 1)]
    events = [{"timestamp": stamp, "message": line} for stamp, line in zip(stamps, lines, strict=True)]
    backend.put_log_events(group, stream, events)
    if stream in known:
        del known[stream].events[:-MAX_EVENTS]
    return "\n".join(lines) + "\n"
