"""The LanguageRuntime service (pulumi/proto/pulumi/language.proto). The protocol's names and arguments are kept."""

# ruff: noqa: ARG002

from __future__ import annotations

import contextlib
import importlib.metadata
import queue
import random
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

from . import packages, plugins, programs
from .children import Children
from .commands import CommandError, HostError, Say
from .messages import (
    CHANNEL_OPTIONS,
    empty_pb2,
    engine_pb2,
    engine_pb2_grpc,
    json_format,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
)
from .options import Options, parse
from .toolchains import Toolchain, resolve

_EXECUTABLE = "import sys; print(sys.executable)"
_NUMBERS = re.compile(r"\d+\.\d+\.\d+")


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers one engine. engine: its address. executor: the path of ``execute.py``. children: what it starts."""

    def __init__(self, engine: str, executor: str, children: Children) -> None:
        self._engine = engine
        self._executor = executor
        self._children = children

    def Handshake(self, request: Any, context: Any) -> Any:
        """The engine says where it listens."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Our version is the SDK's: both are pinned together."""
        return plugin_pb2.PluginInfo(version=f"v{importlib.metadata.version('pulumi')}")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """The provider plugins that what is installed for the program stands for."""
        with _told(context):
            options = _options(request.info)
            toolchain = resolve(options)
            toolchain.ensure(self._say_in_passing())
            _look_at_version(resolve(options))
            return language_pb2.GetRequiredPackagesResponse(packages=packages.required(toolchain))

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """`pulumi new` asks nothing here; Pulumi's own host would ask for the toolchain."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: Any, context: Any) -> Any:
        """`pulumi new` has nothing to change in a template for pip."""
        return language_pb2.TemplateResponse()

    def Run(self, request: Any, context: Any) -> Any:
        """Run a stack's program."""
        with _told(context):
            options = _options(request.info)
            programs.refuse_what_is_not_here(options, request)
            return programs.run(
                request,
                context,
                engine=self._engine,
                executor=self._executor,
                toolchain=resolve(options),
                children=self._children,
            )

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack or another plugin and stream its output."""
        with _told(context):
            pack = request.kind == plugins.POLICY_PACK
            options = _options(request.info, plugin=not pack)
            programs.refuse_what_is_not_here(Options(options.root, options.program), request)
            command = plugins.command_of(request, options, resolve(options))
            yield from plugins.PluginRun(command, self._children).responses(context, pack=pack)

    def About(self, request: Any, context: Any) -> Any:
        """The interpreter that would run the program and its toolchain, for `pulumi about`."""
        with _told(context):
            options = _options(request.info) if request.HasField("info") else parse("", "", {"toolchain": "pip"})
            toolchain = resolve(options)
            executable = toolchain.python("-c", _EXECUTABLE).output("failed to get python executable path").strip()
            version = toolchain.python("--version").output().split()[-1]
            shown = {**options.shown, "toolchainVersion": toolchain.version()}
            return language_pb2.AboutResponse(executable=executable, version=version, metadata=shown)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """The packages installed for the program; without the transitive ones, those no other one requires."""
        with _told(context):
            try:
                found = resolve(_options(request.info)).packages(transitive=request.transitiveDependencies)
            except HostError as error:
                raise HostError(f"failed to get python dependencies: {error}") from None
            every = [language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
            return language_pb2.GetProgramDependenciesResponse(dependencies=every)

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Make the environment and install the project's dependencies into it, as its toolchain does."""
        with _told(context):
            toolchain = resolve(_options(request.info, plugin=request.is_plugin))
            said: queue.SimpleQueue[bytes | HostError | None] = queue.SimpleQueue()
            said.put(b"Installing dependencies...\n\n")

            def install() -> None:
                try:
                    toolchain.install(Path(request.info.program_directory), said.put)
                    said.put(b"Finished installing dependencies\n\n")
                    said.put(None)
                except HostError as error:
                    said.put(error)

            threading.Thread(target=install, daemon=True).start()
            while (text := said.get()) is not None:
                if isinstance(text, HostError):
                    raise text
                yield language_pb2.InstallDependenciesResponse(stdout=text)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Interrupt what is running."""
        self._children.interrupt_all()
        return empty_pb2.Empty()

    def _say_in_passing(self) -> Say:
        """What the making of an environment prints goes to the engine as messages that it shows and forgets."""
        stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._engine, CHANNEL_OPTIONS))
        stream = random.getrandbits(31)

        def say(text: bytes) -> None:
            message = text.decode(errors="replace")
            stub.Log(engine_pb2.LogRequest(message=message, severity=engine_pb2.INFO, streamId=stream, ephemeral=True))

        return say


def _options(info: Any, *, plugin: bool = False) -> Options:
    given = json_format.MessageToDict(info.options)
    return parse(info.root_directory, info.program_directory, given, plugin=plugin)


def _look_at_version(toolchain: Toolchain) -> None:
    """Pulumi's host warns here of a Python before 3.7; what matters is that it asks, and what it says of a failure."""
    try:
        command = toolchain.python("--version")
    except HostError as error:
        print(f"Failed to create python version command: {error}", file=sys.stderr, flush=True)
        return
    try:
        said = command.output().strip().removeprefix("Python ")
        if not _NUMBERS.match(said):
            print(f"Failed to parse python version: '{said}'", file=sys.stderr, flush=True)
    except CommandError as error:
        print(f"Failed to resolve python version command: {error.ended}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _told(context: Any) -> Iterator[None]:
    """What can't be answered becomes the error of the call."""
    try:
        yield
    except HostError as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
