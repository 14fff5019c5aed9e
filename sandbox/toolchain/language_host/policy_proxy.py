"""Stands where the engine expects a policy pack until the pack can start.

A pack written in Python reads project, stack and config while its modules load, but the engine sends them only with
ConfigureStack, after the plugin is up. So this proxy answers the handshake, starts the pack on ConfigureStack and hands
every call on to it unread.
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
    """The pack ended before it served; the text says why in one line."""


class PolicyProxy(grpc.GenericRpcHandler):  # type: ignore[misc]
    """A gRPC server of its own port.

    start: called once with the variables the pack needs, returns the port on which the pack serves; may raise
    PackStartError.
    """

    def __init__(self, start: Callable[[dict[str, str]], int]) -> None:
        self._start = start
        self._channel: Any = None
        self._failure: PackStartError | None = None
        self._lock = threading.Lock()
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
            if method == f"{SERVICE}Handshake" or (method == f"{SERVICE}Cancel" and self._channel is None):
                return b""
            variables = stack_variables(request) if method == f"{SERVICE}ConfigureStack" else {}
            try:
                answer: bytes = self._pack(variables).unary_unary(method)(request)
            except PackStartError as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)

    def _pack(self, variables: dict[str, str]) -> Any:
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._channel is None:
                try:
                    self._channel = grpc.insecure_channel(f"127.0.0.1:{self._start(variables)}", CHANNEL_OPTIONS)
                except PackStartError as error:
                    self._failure = error
                    raise
            return self._channel


def stack_variables(request: bytes) -> dict[str, str]:
    """What a pack reads from its environment (pulumi.policy), out of the bytes of a ConfigureStack call."""
    message = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(request)
    return {
        "PULUMI_PROJECT": message.project,
        "PULUMI_STACK": message.stack,
        "PULUMI_ORGANIZATION": message.organization or "organization",
        "PULUMI_DRY_RUN": "true" if message.dry_run else "false",
        "PULUMI_CONFIG": json.dumps(dict(message.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(message.config_secret_keys)),
    }
