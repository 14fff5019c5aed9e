"""How the command lines of guard and policies end: an error that a person can fix is one line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from core.errors import ServiceError
from core.model import ConfigurationError

if TYPE_CHECKING:
    import typer

NO_WORDS = "NoArgsIsHelpError"
"""What Typer raises once it has printed the help of a command that was given no words; it says nothing more."""
INTERRUPTED = 130
"""The exit code that Typer makes of Ctrl-C, without a word."""


def run(app: typer.Typer, name: str) -> int:
    """Run the commands that people type as ``name``; the exit code. An error that nobody foresaw is raised."""
    import typer

    try:
        code = app(prog_name=name, standalone_mode=False)
    except (ConfigurationError, ServiceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except typer.Abort:
        print("stopped at the question: nothing was changed", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if type(error).__name__ == NO_WORDS:
            return 2
        if not hasattr(error, "format_message"):  # Typer's own, about what was typed
            raise
        print(f"error: {error.format_message()}", file=sys.stderr)
        return 2
    return code if isinstance(code, int) else 0
