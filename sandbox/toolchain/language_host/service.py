"""The LanguageRuntime service (pulumi/proto/pulumi/language.proto). The protocol's names and arguments are kept."""

# ruff: noqa: ARG002

from __future__ import annotations

import contextlib
import importlib.metadata
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import grpc

from . import programs
from .children import Children
from .interpreter import Interpreter, InterpreterError, choose
from .messages import empty_pb2, json_format, language_pb2, language_pb2_grpc, plugin_pb2
from .plugins import PluginRun

_ABOUT = "import json, sys, platform; print(json.dumps([sys.executable, platform.python_version()]))"
_DISTRIBUTIONS = """
import importlib.metadata as m, json, re
print(json.dumps([[d.name, d.version, [re.split(r"[^A-Za-z0-9._-]", r, maxsplit=1)[0] for r in d.requires or []
    if "extra ==" not in r]] for d in m.distributions()]))
"""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers one engine. engine: its address. children: where started processes are registered."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children
        self._cancelled = threading.Event()

    def Handshake(self, request: Any, context: Any) -> Any:
        """The engine says where it listens."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Our version is the SDK's: both are pinned together."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """Nothing ahead of time: each resource names its own provider plugin and version when it is registered."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:
        """The older form of GetRequiredPackages, with the same answer."""
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        """`pulumi new` has nothing to ask for this runtime."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: Any, context: Any) -> Any:
        """`pulumi new` has nothing to change in a template."""
        return language_pb2.TemplateResponse()

    def Run(self, request: Any, context: Any) -> Any:
        """Run a stack's program."""
        if request.attach_debugger:
            return language_pb2.RunResponse(error="this language host cannot attach a debugger: leave out the flag")
        try:
            interpreter = _interpreter_of(request.info)
        except InterpreterError as error:
            return language_pb2.RunResponse(error=str(error))
        response = programs.run(request, context, engine=self._engine, interpreter=interpreter, children=self._children)
        if self._cancelled.is_set() and not response.bail:
            return language_pb2.RunResponse(error="the program was cancelled")
        return response

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack or another plugin and stream its output."""
        with _one_line_errors(context):
            interpreter = _interpreter_of(request.info)
        yield from PluginRun(request, interpreter, self._children).responses(context)

    def About(self, request: Any, context: Any) -> Any:
        """The interpreter that would run the program, for `pulumi about`."""
        with _one_line_errors(context):
            executable, version = _interpreter_of(request.info).ask(_ABOUT)
        return language_pb2.AboutResponse(executable=executable, version=version)

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        """The distributions installed for the program; without the transitive ones, those no other one requires."""
        with _one_line_errors(context):
            found = _interpreter_of(request.info).ask(_DISTRIBUTIONS)
        required = {_normal(name) for _, _, requires in found for name in requires}
        wanted = {
            (name, version)
            for name, version, _ in found
            if request.transitiveDependencies or _normal(name) not in required
        }
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in sorted(wanted)]
        )

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        """Install nothing, and say so: the environment belongs to the project and its lock file."""
        with _one_line_errors(context):
            interpreter = _interpreter_of(request.info)
            versions = {_normal(name): version for name, version, _ in interpreter.ask(_DISTRIBUTIONS)}
        sdk = f"Pulumi SDK {versions['pulumi']}" if "pulumi" in versions else "NO Pulumi SDK: install the dependencies"
        text = f"This language host installs nothing. Programs run with {interpreter.command} ({sdk}).\n"
        yield language_pb2.InstallDependenciesResponse(stdout=text.encode())

    def Cancel(self, request: Any, context: Any) -> Any:
        """Stop what is running; its call returns an error."""
        self._cancelled.set()
        self._children.stop_all()
        return empty_pb2.Empty()


def _interpreter_of(info: Any) -> Interpreter:
    return choose(Path(info.root_directory), json_format.MessageToDict(info.options))


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


@contextlib.contextmanager
def _one_line_errors(context: Any) -> Iterator[None]:
    try:
        yield
    except InterpreterError as error:
        _abort(context, str(error))


def _abort(context: Any, text: str) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, text)
    raise AssertionError("abort always raises")
