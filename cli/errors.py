"""How a command line ends: an error that a person can fix is one line."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from core.command_line import INTERRUPTED, NO_WORDS

ROOT = Path(__file__).resolve().parent.parent


def run(app: typer.Typer, name: str) -> int:
    """Run the command line that people type as ``name``; its exit code. An error that nobody foresaw is raised."""
    from apps.errors import ArtifactError
    from cli import typos
    from cli.pulumi_command import EngineError
    from cli.targets import TargetError, behind, explain
    from core import project
    from core.errors import ServiceError
    from core.model import ConfigurationError

    try:
        project.use(project.read(ROOT))  # whatever folder the command is typed in
        # Without standalone mode an Exit isn't raised: its code is what the call returns.
        code = app(prog_name=name, standalone_mode=False)
    except (ArtifactError, ConfigurationError, EngineError, ServiceError, TargetError) as error:
        print(f"error: {behind(error) or error}", file=sys.stderr)
        return error.code if isinstance(error, EngineError) else 1
    except typer.Abort:
        print("stopped at the question: nothing was deployed or deleted", file=sys.stderr)
        return 130
    except Exception as error:
        if type(error).__name__ == NO_WORDS:
            return 2
        if said := typos.explain(error):
            print(f"error: {said}", file=sys.stderr)
            return 2
        if said := explain(error):
            print(f"error: {said}", file=sys.stderr)
            return 1
        raise
    if code == INTERRUPTED:
        print("stopped: what was under way may be done in part; the same command goes on with it", file=sys.stderr)
    return code if isinstance(code, int) else 0
