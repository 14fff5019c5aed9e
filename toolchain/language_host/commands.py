"""Commands of a toolchain, run to their end, with the words of the engine's language where they fail."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Say = Callable[[bytes], object]


class HostError(Exception):
    """What can't be answered; the text goes to the engine."""


class CommandError(HostError):
    """A command that failed. ended: how; said: what it printed of its own accord."""

    def __init__(self, failing: str, ended: str, said: str = "") -> None:
        super().__init__(": ".join(filter(None, [failing, ended, said])))
        self.ended = ended
        self.said = said


@dataclass(frozen=True)
class Command:
    """What to start, and where."""

    words: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path | None = None

    def output(self, failing: str = "") -> str:
        """What it prints. Raises CommandError, which begins with ``failing``."""
        return self._run(failing).stdout.decode()

    def follow(self, say: Say, failing: str) -> None:
        """Hand on what it prints, once it has ended. Raises CommandError."""
        done = self._run(failing)
        say(done.stdout + done.stderr)

    def _run(self, failing: str) -> subprocess.CompletedProcess[bytes]:
        try:
            done = subprocess.run(
                self.words,
                env=self.variables,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except OSError as error:
            raise CommandError(failing, not_started(self.words[0], error)) from None
        if done.returncode:
            raise CommandError(failing, ending(done.returncode), done.stderr.decode(errors="replace").strip())
        return done


def ending(code: int) -> str:
    """How a process ended."""
    return f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code)}".lower()


def not_started(command: str, error: OSError) -> str:
    """Why a command couldn't be started."""
    return f"fork/exec {command}: {(error.strerror or str(error)).lower()}"


def activated(environment: Path) -> dict[str, str]:
    """Our variables with a virtual environment active, as its activate script would leave them."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "VIRTUAL_ENV")}
    path = variables.get("PATH")
    variables["PATH"] = str(environment / "bin") + (f"{os.pathsep}{path}" if path is not None else "")
    variables["VIRTUAL_ENV"] = str(environment)
    return variables


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment."""
    return (folder / "bin" / "python").is_file()
