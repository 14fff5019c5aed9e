"""Stands where the engine expects a policy pack until the pack can start.

A pack written in Python reads project, stack and config while its modules load, but the engine sends them only with
ConfigureStack, after the plugin is up. So this proxy answers the handshake, has the pack started on ConfigureStack, and
hands every call on to it unread.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc

from .messages import CHANNEL_OPTIONS, analyzer_pb2

SERVICE = "/pulumirpc.Analyzer/"
CONCURRENT_CALLS = 32


class PackStartError(Exception):
    """The pack ended before it served."""


class PolicyProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server of its own port.

    start: called once, in a thread, with the variables that the pack needs; returns the port on which the pack serves,
    or raises PackStartError.
    """

    def __init__(self, start: Callable[[dict[str, str]], int]) -> None:
        self._start = start
        self._started: futures.Future[Any] | None = None
        self._lock = threading.Lock()
        self._starter = futures.ThreadPoolExecutor(1)
        self._server = grpc.server(
            futures.ThreadPoolExecutor(CONCURRENT_CALLS), handlers=[self], options=CHANNEL_OPTIONS
        )
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        """Stop serving; calls under way are given up."""
        self._server.stop(grace=None)

    def service(self, handler_call_details: Any) -> Any:
        """gRPC asks here for the handler of every call."""
        method: str = handler_call_details.method

        def handle(request: bytes, context: Any) -> bytes:
            if method == f"{SERVICE}Handshake":
                return b""
            if method == f"{SERVICE}ConfigureStack":
                self._begin(request)
                return b""
            try:
                answer: bytes = self._begin(None).result().unary_unary(method)(request)
            except PackStartError as error:
                context.abort(grpc.StatusCode.UNKNOWN, f"policy pack not started: {error}")
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)

    def _begin(self, configuration: bytes | None) -> futures.Future[Any]:
        """Start the pack, once. configuration: the bytes of ConfigureStack; None where another call came before."""
        with self._lock:
            if self._started is None:
                self._started = self._starter.submit(self._attach, configuration)
            return self._started

    def _attach(self, configuration: bytes | None) -> Any:
        channel = grpc.insecure_channel(f"127.0.0.1:{self._start(stack_variables(configuration))}", CHANNEL_OPTIONS)
        if configuration is not None:
            try:
                channel.unary_unary(f"{SERVICE}ConfigureStack")(configuration)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                    raise PackStartError(f"policy pack configuration failed: {error.details()}") from None
        return channel


def stack_variables(configuration: bytes | None) -> dict[str, str]:
    """What a pack reads from its environment (pulumi.policy), out of the bytes of a ConfigureStack call.

    As under Pulumi's own host, the keys of secret settings are not among it.
    """
    if configuration is None:
        return {}
    message = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(configuration)
    found = {
        "PULUMI_ORGANIZATION": message.organization,
        "PULUMI_PROJECT": message.project,
        "PULUMI_STACK": message.stack,
        "PULUMI_DRY_RUN": "true" if message.dry_run else "false",
        "PULUMI_CONFIG": json.dumps(dict(message.config)) if message.config else "",
    }
    return {name: value for name, value in found.items() if value}
