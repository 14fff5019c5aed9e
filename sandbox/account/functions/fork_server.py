"""A process that has loaded what nearly every function imports, and forks environments of functions from itself.

A fresh interpreter that imports boto3 costs about half a second of processor time, a fork some milliseconds. Started
as a script; it has no threads. Each request on its socket is one message with a JSON document and four descriptors:
calls, results, output and exit status. It ends when the server's side of the socket does.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from typing import Any

MESSAGE = 1 << 20
DESCRIPTORS = 4


def become(request: dict[str, Any], calls: int, results: int, output: int) -> int:
    """Turn this forked process into the environment that was asked for; returns its exit status."""
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.argv = [request["script"], str(calls), str(results)]
    try:
        runpy.run_path(request["script"], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


def reap(children: dict[int, int]) -> None:
    """Write the exit status of every child that ended to its status pipe."""
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        pipe = children.pop(pid, None)
        if pipe is not None:
            with contextlib.suppress(OSError):
                os.write(pipe, f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os.close(pipe)


def serve(link: socket.socket) -> None:
    """Fork an environment for every request until the server hangs up."""
    children: dict[int, int] = {}
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([link.fileno(), wake_read], [], [])
        if wake_read in ready:
            os.read(wake_read, 4096)
            reap(children)
        if link.fileno() not in ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(link, MESSAGE, DESCRIPTORS)
        if not data:
            return
        calls, results, output, status = descriptors
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for unused in (wake_read, wake_write, status, *children.values()):
                os.close(unused)
            link.close()
            os._exit(become(json.loads(data), calls, results, output))
        for sent in (calls, results, output):
            os.close(sent)
        children[pid] = status
        link.send(str(pid).encode())


def main() -> None:
    """Load the common modules, then serve the socket whose descriptor is the argument."""
    link = socket.socket(fileno=int(sys.argv[1]))
    for name in ("boto3", "botocore.session", "botocore.httpsession", "decimal", "uuid", "concurrent.futures"):
        with contextlib.suppress(ImportError):
            __import__(name)
    gc.collect()
    gc.freeze()
    serve(link)


if __name__ == "__main__":
    main()
