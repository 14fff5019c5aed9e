"""Serves the pack to the engine as every analyzer plugin is served: on loopback, with the port on standard output.

Source: pulumi-policy 1.21.0, ``PolicyPack``; the Python language host of Pulumi 3.250.0 (sdk/policy_proxy.go).
"""

from __future__ import annotations

import os
import signal
import sys
from concurrent import futures

import grpc
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.engine import Analyzer

LARGEST_MESSAGE = 400 * 2**20
"""Bytes; gRPC's own bound of 4 MiB is less than a stack of some thousand resources."""
THREADS = 4
LOOK_SECONDS = 2.0


def serve(analyzer: Analyzer) -> None:
    """Answer until the language host is gone, or interrupts."""
    # An exception could be raised where Python swallows it, such as in a callback of gRPC, and the interrupt be lost.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    host = os.getppid()  # before it can hear that this process is ready, and be killed
    server = grpc.server(
        futures.ThreadPoolExecutor(THREADS), options=[("grpc.max_receive_message_length", LARGEST_MESSAGE)]
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while server.wait_for_termination(LOOK_SECONDS):  # true: it still serves
        if os.getppid() != host:
            break  # a host that was killed tells nobody
    server.stop(None)
