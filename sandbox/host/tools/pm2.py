"""pm2, the process manager, from npm at the versions of its lock file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from sandbox.host.tools.node import Node
from toolchain import cache as cache_folder
from toolchain.errors import ToolchainError
from toolchain.progress import Progress

LOCK = Path(__file__).with_name("pm2")
"""Holds package.json and package-lock.json."""


def ensure(cache: Path, node: Node, progress: Progress) -> Path:
    """Return the folder of the package `pm2`, with its dependencies beside it. Raises ToolchainError."""

    def make(scratch: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(LOCK / name, scratch / name)
        with progress.activity(f"installing pm2 {version()}", "a download of about 5 MB"):
            _install(scratch, cache, node)

    lock = (LOCK / "package-lock.json").read_bytes()
    folder = cache / "host" / f"pm2-{version()}-{hashlib.sha256(lock).hexdigest()[:12]}"
    return cache_folder.fill(folder, make) / "node_modules" / "pm2"


def version() -> str:
    """Return the version that package.json pins."""
    return str(json.loads((LOCK / "package.json").read_text())["dependencies"]["pm2"])


def npm_cache(cache: Path) -> Path:
    """Return the folder in which npm keeps what it has downloaded, for pm2 and for the hosts' applications."""
    return cache / "npm"


def _install(folder: Path, cache: Path, node: Node) -> None:
    options = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
    path = f"{node.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        [*node.npm, "ci", *options, f"--cache={npm_cache(cache)}"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("npm error")] or ["npm said nothing"]
        raise ToolchainError(f"npm can't install pm2, check the network and npm's registry setting: {lines[0]}")
