"""Runs a stack's program: what `Run` of the protocol does."""

from __future__ import annotations

import json
import sys
from typing import Any

from .children import Children
from .commands import Command, HostError, not_started
from .messages import language_pb2
from .options import Options
from .toolchains import Toolchain

TOLD = 32
"""Exit code of a program whose error the engine has been told (``execute.py``)."""


def run(request: Any, context: Any, *, engine: str, executor: str, toolchain: Toolchain, children: Children) -> Any:
    """Run the program of a RunRequest to its end and say in a RunResponse how it went.

    context: the call; when the engine gives it up, the program is interrupted. executor: the path of ``execute.py``.
    """
    toolchain.validate()
    plain = toolchain.python(executor, *arguments(request, engine))
    command = Command(plain.words, {**plain.variables, **variables(request)}, plain.folder)
    try:
        process = children.start(command)
    except OSError as error:
        why = not_started(command.words[0], error)
        return language_pb2.RunResponse(error=f"problem executing program (could not run language executor): {why}")
    context.add_callback(lambda: children.interrupt(process))
    code = children.wait(process)
    # The engine reads what the program wrote to its end only where we don't end first.
    sys.stdout.flush()
    if code == TOLD:
        return language_pb2.RunResponse(bail=True)
    # Pulumi's host says -1 for any signal.
    return language_pb2.RunResponse(error=f"program exited with non-zero exit code: {max(code, -1)}" if code else "")


def arguments(request: Any, engine: str) -> list[str]:
    """The words after the executor's path."""
    options = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    given = [word for name, value in options.items() if value for word in (f"--{name}", value)]
    return [*given, request.info.entry_point, *request.args]


def variables(request: Any) -> dict[str, str]:
    """The configuration, secrets decrypted: the SDK reads it from there."""
    found: dict[str, Any] = {"PULUMI_CONFIG_SECRET_KEYS": list(request.configSecretKeys)}
    if request.config:
        found["PULUMI_CONFIG"] = dict(request.config)
    return {name: json.dumps(value, separators=(",", ":")) for name, value in found.items()}


def refuse_what_is_not_here(options: Options, request: Any) -> None:
    """Raises HostError for what only an installed Pulumi can do."""
    if options.typechecker:
        raise HostError("this language host runs no type checker: take the option out, or use an installed Pulumi")
    if request.attach_debugger:
        raise HostError("this language host can't attach a debugger: leave the flag out, or use an installed Pulumi")
