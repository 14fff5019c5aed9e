"""actionlint, which checks workflows: the one on PATH of exactly the pinned version, else built with Go.

Source: github.com/rhysd/actionlint, docs/usage.md (exit status, ``-format``).
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain import gobuild
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

GO_MODULE = Path(__file__).with_name("workflows")
GO_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"
_PINNED = re.compile(r"^\s*github\.com/rhysd/actionlint v(\S+)", re.MULTILINE)
_CLEAN, _FOUND = 0, 1


@dataclass(frozen=True)
class Fault:
    """What is wrong with a workflow."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def version() -> str:
    """The version that go.mod pins."""
    found = _PINNED.search((GO_MODULE / "go.mod").read_text(encoding="utf-8"))
    if found is None:
        raise ToolchainError(f"{GO_MODULE / 'go.mod'} pins no version of actionlint")
    return found[1]


def ensure(cache: Path, progress: Progress) -> Path:
    """The executable; building it takes half a minute the first time. Raises ToolchainError, in one line."""
    found = shutil.which("actionlint")
    if found and _version_of(Path(found)) == version():
        return Path(found)
    ldflags = ("-s", "-w", "-X", f"github.com/rhysd/actionlint.version={version()}")
    return gobuild.build(GO_MODULE, GO_PACKAGE, "actionlint", cache=cache, ldflags=ldflags, progress=progress)


def check(executable: Path, workflows: Sequence[Path]) -> list[Fault]:
    """What is wrong with some workflows. Raises ToolchainError where they can't be checked.

    shellcheck and pyflakes, which actionlint would call where they are on PATH, are left out: the answer is the same
    on every machine.
    """
    command = [
        str(executable),
        "-no-color",
        "-shellcheck=",
        "-pyflakes=",
        "-format",
        "{{json .}}",
        *map(str, workflows),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (_CLEAN, _FOUND):
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ToolchainError(f"actionlint failed: {said[-1] if said else f'exit code {done.returncode}'}")
    faults: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return [Fault(each["filepath"], each["line"], each["column"], each["message"]) for each in faults]


def _version_of(executable: Path) -> str:
    """The version that an executable tells; empty when it doesn't run."""
    try:
        done = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.split("\n", 1)[0].strip().removeprefix("v")
