"""The process the engine starts as `pulumi-language-python ENGINE`: prints its port, serves until it is told to end."""

from __future__ import annotations

import os
import signal
import socket
import sys
from concurrent import futures

import grpc

from .children import Children, when_parent_dies
from .messages import CHANNEL_OPTIONS, language_pb2_grpc
from .service import LanguageHost

CONCURRENT_CALLS = 32


def main(arguments: list[str] | None = None) -> int:
    """Serve one engine. arguments: the path of ``execute.py``, the engine's flags, the engine's address."""
    executor, *words = sys.argv[1:] if arguments is None else arguments
    address = words[-1] if words and not words[-1].startswith("-") else ""
    end, ring = _doorbell()
    when_parent_dies(lambda: ring.send(b"\0"))
    children = Children()
    server = grpc.server(futures.ThreadPoolExecutor(CONCURRENT_CALLS), options=CHANNEL_OPTIONS)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(address, executor, children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    end.recv(1)
    children.stop_all()
    server.stop(grace=None)
    # Threads of calls that never ended must not hold the process back.
    sys.stdout.flush()
    os._exit(0)


def _doorbell() -> tuple[socket.socket, socket.socket]:
    """Two ends of a pair: the first is readable once we are told to end, by a signal or a write to the second.

    The engine stops its plugins with SIGINT. The system may deliver a signal to any of gRPC's threads, and then a main
    thread that waits for a lock would not notice; Python's wake-up descriptor is written whichever thread it is.
    """
    end, ring = socket.socketpair()
    ring.setblocking(False)
    signal.set_wakeup_fd(ring.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return end, ring
