"""``rollback-guard``: approvals, audit and recovery points of any stack of any Pulumi project."""

from __future__ import annotations

import sys

from core.command_line import run
from guard.command import approving, recovery
from guard.command.engine import open_stack

NAME = "rollback-guard"

app = approving.app(NAME, open_stack)
app.command("audit", epilog=f"Example: {NAME} audit -s prod --output json")(approving.audit)
app.command("note", epilog=f"Example: pulumi up -s prod && {NAME} note -s prod")(approving.note)
app.add_typer(recovery.app(f"{NAME} recovery", open_stack))


def main() -> int:
    """Run the command line; an error that a person can fix is one line."""
    return run(app, NAME)


if __name__ == "__main__":
    sys.exit(main())
