"""``rollback guard`` and ``rollback audit``: the guard's own commands, and a store's import."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.engine import Engine
from cli.guard import imports
from cli.watched import DEFAULT, open_stack
from guard.command import approving, auditing
from guard.command.options import Stack
from stacks.file import read


def take_back(
    store: Annotated[str, typer.Argument(help="A store's name or URN, as `rollback audit` names it.")],
    stack: Stack = None,
) -> None:
    """Take a store that left the state back into it: the very one that the ledger knows, where it is still there.

    Nothing in the account changes, and nothing is deleted.
    """
    stack = stack or DEFAULT
    done, others = imports.take_back(read(stack), Engine(stack), store, f"rollback guard import {store} -s {stack}")
    typer.echo(f"{done.name} is in the state of {stack} again ({done.urn}); nothing was changed in the account")
    auditing.show(others, stack)
    typer.echo(f"next: `rollback up -s {stack}`, which guards it as before")


app = approving.app("rollback guard", open_stack, {"import": (take_back, "receipts-prod -s prod")})
