"""``rollback guard`` and ``rollback audit``: the guard's own commands, and a store's import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cli.engine import Engine
from cli.guard import imports
from cli.guard.departed import Departed
from cli.options import named
from cli.watched import open_stack
from core.urn import name_of
from guard.command import approving, auditing
from guard.command.options import Stack
from stacks.file import read


def take_back(
    store: Annotated[
        str | None,
        typer.Argument(help="A store's name or URN, as `rollback audit` names it; without it: every store that left."),
    ] = None,
    stack: Stack = None,
) -> None:
    """Take a store that left the state back into it: the very one that the ledger knows, where it is still there.

    What left with it comes back too, as far as it still stands. Nothing in the account changes, and nothing is deleted.
    """
    stack = named(stack or "")
    command = " ".join(["rollback guard import", *([store] if store else []), "-s", stack])
    done = imports.take_back(read(stack), Engine(stack), store, command)
    for each in done.stores:
        typer.echo(f"{each.name} is in the state of {stack} again ({each.urn}); nothing was changed in the account")
    for line in _told(done.departed):
        typer.echo(line)
    auditing.show(done.others, stack)
    for line in done.refused:
        typer.echo(f"error: {line}", err=True)
    if done.refused:
        raise typer.Exit(1)
    if not (done.stores or done.departed.taken):
        typer.echo(f"nothing that left the state of {stack} has to be taken back")
        return
    typer.echo(f"next: `rollback up -s {stack}`, which guards it as before")


def _told(departed: Departed) -> Iterator[str]:
    """A line for each thing that became of what had left beside stores."""
    for urns, what in (
        (departed.taken, "back in the state"),
        (departed.rewritten, "written once more by the next update, which changes nothing that still stands"),
        (departed.remade, "not found as the stack had it, so the next update makes it"),
    ):
        if urns:
            names = ", ".join(sorted(name_of(urn) for urn in urns))
            yield f"{len(urns)} {'resource' if len(urns) == 1 else 'resources'} {what}: {names}"


app = approving.app("rollback guard", open_stack, {"import": (take_back, "receipts-prod -s prod")})
