"""The frame that every provider plugin of the sandbox shares: serving, one-line errors, messages to the engine.

Source: Pulumi's provider protocol (``provider.proto``, ``engine.proto``): the engine starts the executable with its own
address as the only argument, reads the port from the first line of standard output, and ends it with SIGINT.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2

from sandbox.providers import wire
from sandbox.providers.protocol import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

TRACE = "SANDBOX_PROVIDER_TRACE"
"""Environment variable for developers of a plugin: any value makes errors print their traceback on stderr."""

PORT = "SANDBOX_PROVIDER_PORT"
"""Environment variable for developers of a plugin: the port to serve on, and no end with the parent."""

_MESSAGE_BYTES = 400 << 20
_OPTIONS = [
    ("grpc.max_receive_message_length", _MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),  # otherwise two plugins could share a port without noticing
]
_WORKERS = 64
"""Awaits hold a worker each; the engine itself limits how many steps run at once."""

Method = TypeVar("Method", bound=Callable[..., Any])


class InitFailedError(Exception):
    """A resource that exists but didn't become ready; see `init_failed`."""

    def __init__(self, message: str, details: Any) -> None:
        super().__init__(message)
        self.details = details


def init_failed(
    resource_id: str,
    properties: Mapping[str, Any],
    reasons: Sequence[str],
    inputs: Mapping[str, Any] | None = None,
    message: str | None = None,
) -> InitFailedError:
    """The exception to raise (inside a `guarded` method) when a resource was made but something after that failed.

    The engine then keeps the id and the properties in its state, shows the reasons and asks for an update next time,
    instead of forgetting a thing that exists. `message` is the summary, by default the first reason.
    """
    details = provider_pb2.ErrorResourceInitFailed(
        id=resource_id,
        properties=wire.encode(properties),
        reasons=list(reasons),
        inputs=wire.encode(inputs) if inputs is not None else None,
    )
    return InitFailedError(message or (reasons[0] if reasons else "the resource did not become ready"), details)


def one_line(text: object) -> str:
    """A text with every run of white space, line breaks included, made one space."""
    return " ".join(str(text).split())


def guarded(method: Method) -> Method:
    """Decorator of a servicer's method: an exception becomes a gRPC error of ONE line.

    `InitFailedError` carries its details along; with the environment variable named by `TRACE` the traceback goes to
    standard error as well.
    """

    @functools.wraps(method)
    def wrapped(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except Exception as error:
            if os.environ.get(TRACE):
                import traceback

                traceback.print_exc()
            text = one_line(error) or type(error).__name__
            if isinstance(error, InitFailedError):
                _attach(context, text, error.details)
            context.abort(grpc.StatusCode.UNKNOWN, text)

    return wrapped  # type: ignore[return-value]


def _attach(context: Any, text: str, details: Any) -> None:
    # The engine reads details from a google.rpc.Status in this trailer, as gRPC's error model lays down.
    from google.rpc import status_pb2

    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text)
    status.details.add().Pack(details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


class EngineLog:
    """Messages that the engine shows beside a resource. Never raises: a lost message must not fail an update."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._stub: Any = None
        self._lock = threading.Lock()

    def connect(self, address: str) -> None:
        """Send to the engine at another address from now on."""
        with self._lock:
            if address and address != self._address:
                self._address, self._stub = address, None

    def status(self, urn: str, text: str) -> None:
        """A passing remark on what is going on (the info column of an interactive update)."""
        self._send(engine_pb2.INFO, urn, text, ephemeral=True)

    def info(self, urn: str, text: str) -> None:
        """A message that stays in the update's diagnostics."""
        self._send(engine_pb2.INFO, urn, text)

    def warning(self, urn: str, text: str) -> None:
        """A warning that stays in the update's diagnostics."""
        self._send(engine_pb2.WARNING, urn, text)

    def _send(self, severity: int, urn: str, text: str, ephemeral: bool = False) -> None:
        try:
            with self._lock:
                if not self._address:
                    return
                if self._stub is None:
                    self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._address, options=_OPTIONS))
                stub = self._stub
            request = engine_pb2.LogRequest(severity=severity, message=text, urn=urn, streamId=0, ephemeral=ephemeral)
            stub.Log(request, timeout=5)
        except (grpc.RpcError, ValueError):
            return


class Plugin(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]
    """Base of a provider's servicer: the methods that say the same in every plugin of the sandbox."""

    version = "0.0.0"

    def __init__(self) -> None:
        self.log = EngineLog(sys.argv[1] if len(sys.argv) > 1 else None)
        self.cancelled = threading.Event()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The version that the plugin plays the part of."""
        return plugin_pb2.PluginInfo(version=self.version)

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The engine presents itself; secrets, resources and outputs are left to it to keep track of."""
        self.log.connect(request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=False, accept_resources=False, accept_outputs=False, supports_autonaming_configuration=False
        )

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The engine joins a plugin that somebody else started, and that an earlier engine may have cancelled."""
        self.cancelled.clear()
        self.log.connect(request.address)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The update was cancelled: waiting loops look at `cancelled` and end soon."""
        self.cancelled.set()
        return empty_pb2.Empty()

    def GetMapping(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """No conversion from other tools."""
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """No conversion from other tools."""
        return provider_pb2.GetMappingsResponse()


def serve(servicer: Any, port: int | None = None) -> None:
    """Serve a provider on 127.0.0.1 until SIGINT, SIGTERM or the end of the parent process; never returns.

    The port (a free one unless given here or in the environment variable named by `PORT`) is the first line of standard
    output. Raises `OSError` when the port is taken.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    given = os.environ.get(PORT)
    if not given:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    server, bound = start(servicer, port if port is not None else int(given or 0))
    print(bound, flush=True)
    server.wait_for_termination()


def start(servicer: Any, port: int = 0) -> tuple[Any, int]:
    """The running gRPC server of a provider on 127.0.0.1, and its port. Raises `OSError` when the port is taken."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_WORKERS), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise OSError(f"port {port} on 127.0.0.1 is taken by another program") from error
    server.start()
    return server, bound


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
