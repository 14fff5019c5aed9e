"""Running the command ``pulumi``: the one place that starts it and reads what it says.

Why not the Automation API of the SDK: docs/decisions/0030.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MISSING = "pulumi isn't on PATH: install it (https://www.pulumi.com/docs/install)"
NOTHING_SAID = "pulumi failed and said nothing"


@dataclass(frozen=True)
class PulumiCommand:
    """The command in the folder of one project."""

    folder: Path
    error: type[Exception]
    """Raised with one line where there is no ``pulumi``, or where it fails."""
    environment: Mapping[str, str] | None = None
    """None: this process's own."""
    missing: str = MISSING
    """What to say where there is no ``pulumi``."""

    def run(self, *words: str, asks: bool = True, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, whatever its exit code.

        ``asks``: whether it may ask at this process's terminal (a passphrase); ``seconds``: after which
        ``subprocess.TimeoutExpired`` is raised.
        """
        try:
            return subprocess.run(
                ["pulumi", *words, "--non-interactive"],
                cwd=self.folder,
                env=None if self.environment is None else dict(self.environment),
                stdin=None if asks else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise self.error(self.missing) from None

    def output(self, *words: str) -> str:
        """What it prints. Raises ``error`` with its first line of error."""
        done = self.run(*words)
        if done.returncode:
            raise self.error(first_error(done.stderr, done.stdout))
        return done.stdout

    def state(self, stack: str) -> dict[str, Any]:
        """A stack's state, secrets encrypted."""
        state: dict[str, Any] = json.loads(self.output("stack", "export", "--stack", stack))
        return state

    def write_state(self, stack: str, state: Mapping[str, Any]) -> None:
        """Put a whole state in the place of the stack's own."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "state.json")
            path.write_text(json.dumps(state), encoding="utf-8")
            self.output("stack", "import", "--stack", stack, "--file", str(path))


def first_error(*texts: str) -> str:
    """The first line that tells of an error, and the one after it where that only announces a list.

    Where no line is an error, the first one that says anything.
    """
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    place = next((place for place, line in enumerate(lines) if line.startswith("error")), 0)
    told = lines[place : place + (2 if lines and lines[place].endswith(":") else 1)]
    return " ".join(told).removeprefix("error:").strip() or NOTHING_SAID
