"""``rollback-guard``: approvals, audit and recovery points of any stack of any Pulumi project."""

from __future__ import annotations

import sys

import typer

from core.errors import ServiceError
from core.model import ConfigurationError
from guard.command import approving, recovery
from guard.command.engine import open_stack

NAME = "rollback-guard"
INTERRUPTED = 130
"""The exit code that Typer makes of Ctrl-C, without a word."""

app = approving.app(NAME, open_stack)
app.command("audit", epilog=f"Example: {NAME} audit -s prod --output json")(approving.audit)
app.command("note", epilog=f"Example: pulumi up -s prod && {NAME} note -s prod")(approving.note)
app.add_typer(recovery.app(f"{NAME} recovery", open_stack))


def main() -> int:
    """Run the command line; an error that a person can fix is one line."""
    try:
        code = app(prog_name=NAME, standalone_mode=False)
    except (ConfigurationError, ServiceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except typer.Abort:
        print("stopped at the question: nothing was changed", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not hasattr(error, "format_message"):  # Typer's own, about what was typed
            raise
        print(f"error: {error.format_message()}", file=sys.stderr)
        return 2
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
