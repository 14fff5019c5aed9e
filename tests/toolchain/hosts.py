"""A language host as a process, asked over gRPC as the engine asks it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from toolchain import pulumi_cli

TIMEOUT_SECONDS = 60


def stock() -> Path | None:
    """The folder on PATH with an installed Pulumi of the pinned version; ours, beside a built engine, is a script."""
    found = shutil.which("pulumi")
    if found is None or pulumi_cli.version_of(Path(found)) != pulumi_cli.VERSION:
        return None
    host = Path(found).resolve().with_name(pulumi_cli.LANGUAGE_HOST)
    return host.parent if host.exists() and host.read_bytes()[:2] != b"#!" else None


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """What hosts and programs find at the engine's address: it hears messages and takes whatever is registered."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def Log(self, request: Any, context: Any) -> Any:
        if request.severity != engine_pb2.DEBUG:
            self.said.append(request.message)
        return empty_pb2.Empty()

    def SupportsFeature(self, request: Any, context: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request: Any, context: Any) -> Any:
        urn = f"urn:pulumi:dev::trial::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


@dataclass
class Answer:
    """How a call ended."""

    message: Any = None
    error: str = ""
    output: str = ""
    """What plugins and installations printed. What programs print is on the host's own streams (``Host.printed``)."""
    logged: list[str] = field(default_factory=list)


@dataclass
class Host:
    """A host that runs. ``engine``: what it was told."""

    stub: Any
    address: str
    """Of the engine."""
    engine: Engine
    process: subprocess.Popen[str]
    printed: list[str]

    def ask(self, call: str, request: Any) -> Answer:
        """One call to its end."""
        self.engine.said.clear()
        self.printed.clear()
        answer = Answer()
        try:
            given = getattr(self.stub, call)(request, timeout=TIMEOUT_SECONDS)
            if hasattr(given, "code") and not hasattr(given, "DESCRIPTOR"):
                for part in given:
                    answer.message = part
                    answer.output += (part.stdout + part.stderr).decode()
            else:
                answer.message = given
        except grpc.RpcError as error:
            answer.error = error.details()
        answer.logged = list(self.engine.said)
        return answer


def info(folder: Path, options: Mapping[str, Any], *, program: Path | None = None) -> Any:
    """What the engine says of a project."""
    given = struct_pb2.Struct()
    given.update(dict(options))
    return language_pb2.ProgramInfo(
        root_directory=str(folder), program_directory=str(program or folder), entry_point=".", options=given
    )


@contextlib.contextmanager
def running(tools: Path, variables: Mapping[str, str]) -> Iterator[Host]:
    """The host of a bin folder."""
    engine = Engine()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    process = subprocess.Popen(
        [tools / pulumi_cli.LANGUAGE_HOST, f"127.0.0.1:{port}"],
        env=dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    own = process.stdout.readline().strip()
    printed: list[str] = []
    reader = threading.Thread(target=lambda: printed.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{own}") as channel:
            yield Host(language_pb2_grpc.LanguageRuntimeStub(channel), f"127.0.0.1:{port}", engine, process, printed)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        server.stop(None)
