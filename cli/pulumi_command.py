"""The command ``pulumi`` as ``rollback`` runs it: its error, and what it says where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.pulumi_command import PulumiCommand

MISSING = "pulumi isn't on PATH: use `make shell`, or install Pulumi"


class EngineError(RuntimeError):
    """The engine can't be used or refused. The message is one line that says what to do."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
        """What the command ends with: the engine's own exit code where it has one."""


def pulumi_in(
    folder: Path, environment: Mapping[str, str] | None = None, error: type[Exception] = EngineError
) -> PulumiCommand:
    """The command in a folder. ``environment``: None is this process's own."""
    return PulumiCommand(folder, error, environment, MISSING)
