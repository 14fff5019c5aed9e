"""Runs a stack's program: what `Run` of the protocol does."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from . import child, listening
from .children import Children
from .interpreter import Interpreter
from .messages import language_pb2


def run(request: Any, context: Any, *, engine: str, interpreter: Interpreter, children: Children) -> Any:
    """Run the program of a RunRequest to its end and say in a RunResponse how it went.

    context: the call; when the engine gives it up, the program is stopped.
    """
    program = program_path(request)
    if not (program.is_file() or (program / "__main__.py").is_file()):
        return language_pb2.RunResponse(error=f"no program to run: {program} holds no __main__.py")
    process = children.start(
        interpreter, _job(request, program, engine), folder=request.pwd or str(program.parent), variables=os.environ
    )
    context.add_callback(lambda: children.stop(process))
    code = children.wait(process)
    if code == child.REPORTED:
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse(error=describe(code, interpreter.command))


def program_path(request: Any) -> Path:
    """The file or folder to run, from the newer `info` of a request or its older fields."""
    folder = request.info.program_directory or request.pwd
    return Path(os.path.normpath(os.path.join(folder, request.info.entry_point or request.program)))


def describe(code: int, command: str) -> str:
    """An exit code of `child.py` in words; empty when the program ran to its end."""
    if code == child.FINISHED:
        return ""
    if code == child.NO_SDK:
        return f"the Pulumi SDK is not installed for {command}: install the project's dependencies there"
    if code < 0:
        return f"the program was stopped by {signal.Signals(-code).name}"
    return f"the program ended its own process (exit code {code}) before all its resources were registered"


def _job(request: Any, program: Path, engine: str) -> dict[str, Any]:
    return {
        "kind": "program",
        "program": str(program),
        "args": list(request.args),
        "debug": listening.for_debug(listening.command_of(os.getppid())),
        "config": dict(request.config),
        "secret_keys": list(request.configSecretKeys),
        "settings": {
            "monitor": request.monitor_address,
            "engine": engine,
            "project": request.project,
            "stack": request.stack,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "organization": request.organization,
            "root_directory": request.info.root_directory,
        },
    }
