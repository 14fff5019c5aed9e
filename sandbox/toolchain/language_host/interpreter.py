"""Which Python runs a program or policy pack, from the `runtime.options` of its project file.

Source: Pulumi documentation, "Python: virtual environments" (options `virtualenv` and `toolchain`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUERY_TIMEOUT_SECONDS = 60.0


class InterpreterError(Exception):
    """No usable Python; the text is one line for the user."""


@dataclass(frozen=True)
class Interpreter:
    """A Python command and the virtual environment it belongs to, if the project names one."""

    command: str
    virtualenv: Path | None = None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The variables of `base` with the virtual environment active, as its activate script would leave them."""
        variables = dict(base)
        if self.virtualenv is not None:
            variables["VIRTUAL_ENV"] = str(self.virtualenv)
            variables["PATH"] = f"{self.virtualenv / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
            variables.pop("PYTHONHOME", None)
        return variables

    def ask(self, code: str) -> Any:
        """Run a snippet that prints JSON and return the value. Raises InterpreterError."""
        try:
            result = subprocess.run(
                [self.command, "-c", code],
                env=self.environment(os.environ),
                capture_output=True,
                text=True,
                check=True,
                timeout=QUERY_TIMEOUT_SECONDS,
            )
            return json.loads(result.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise InterpreterError(f"{self.command} cannot be used as a Python interpreter: {error}") from error


def choose(root: Path, options: Mapping[str, Any]) -> Interpreter:
    """The Python of the project in `root`. Raises InterpreterError when the one it names is missing."""
    virtualenv = options.get("virtualenv")
    if virtualenv:
        return _of_virtualenv(root / str(virtualenv), f"the 'virtualenv' option is set to {str(virtualenv)!r}")
    toolchain = options.get("toolchain", "pip")
    if toolchain == "uv":
        return _of_virtualenv(_nearest_uv_environment(root), "the 'toolchain' option is set to 'uv'")
    if toolchain == "poetry":
        return _of_virtualenv(_poetry_environment(root), "the 'toolchain' option is set to 'poetry'")
    command = os.environ.get("PULUMI_PYTHON_CMD") or shutil.which("python3") or shutil.which("python")
    if not command:
        raise InterpreterError("no python3 on PATH: install Python or set the 'virtualenv' option of the project")
    return Interpreter(command)


def _of_virtualenv(folder: Path, why: str) -> Interpreter:
    command = folder / "bin" / "python"
    if not command.exists():
        raise InterpreterError(f"{why}, but {command} does not exist: create the environment there or drop the option")
    return Interpreter(str(command), folder)


def _nearest_uv_environment(root: Path) -> Path:
    chosen = os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    candidates = [folder / chosen for folder in (root, *root.parents)]
    return next((folder for folder in candidates if (folder / "bin" / "python").exists()), root / chosen)


def _poetry_environment(root: Path) -> Path:
    try:
        result = subprocess.run(
            ["poetry", "env", "info", "--path"], cwd=root, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InterpreterError(f"poetry has no environment for {root}: run 'poetry install' there") from error
    return Path(result.stdout.strip())
