"""What an update would delete or replace: shown, system by system, and asked for before it starts.

A preview costs some seconds, so it is made only where its answer can matter: not for a stack without resources, and not
in the local sandbox where nobody sits at a terminal (tests, `make up` in a pipeline): what goes there is copies.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.engine import ROOT
from cli.pulumi_command import EngineError
from cli.review import preview
from cli.review.changes import changes
from cli.review.errors import ReviewError
from cli.review.model import Step, SystemChanges
from cli.review.resources import of_preview
from cli.targets import is_local
from core.state import resources_of

TYPED = "prod"
"""The stack whose name has to be typed."""
NAMES = 6
"""Names that are shown of one type."""
GOES = ("delete", "replace")
WORDS = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def agreed(stack: str, settings: Path, state: Mapping[str, Any], *, yes: bool) -> None:
    """Show what an update would delete or replace, and ask; nothing is asked where nothing goes.

    ``settings``: the copy of the stack's file that the update will be made with; ``state``: the stack's state.
    Raises ``typer.Abort`` where the answer is no, and ``EngineError`` where nobody can be asked and ``yes`` wasn't
    given.
    """
    terminal = sys.stdin.isatty()
    if not resources_of(state) or (is_local() and not terminal):
        return
    found = look(stack, settings)
    going = sum(each.counts.get(op, 0) for each in found for op in GOES)
    if not going:
        return
    for line in summary(found):
        typer.echo(f"{stack}: {line}", err=True)
    if yes:
        return
    if not terminal:
        raise EngineError(f"{going} resources of {stack} would go: give --yes where nobody can be asked")
    ask(stack, going)


def look(stack: str, settings: Path) -> tuple[SystemChanges, ...]:
    """What an update would change. An update that the preview can't get through says why itself: it is stopped too."""
    with Console(stderr=True).status(f"{stack}: looking at what would change"):
        try:
            found = preview.run(ROOT, stack, settings)
        except ReviewError as error:
            raise EngineError(str(error)) from None
    return changes(found.steps, of_preview(found.steps))


def summary(found: Sequence[SystemChanges]) -> list[str]:
    """A line a system, and under it what goes, by type."""
    lines = []
    for each in found:
        counts = ", ".join(f"{each.counts[op]} {WORDS[op]}" for op in WORDS if each.counts.get(op))
        lines.append(f"{each.system}: {counts}")
        for op in GOES:
            kinds: dict[str, list[str]] = {}
            for step in each.steps:
                if step.op == op:
                    kinds.setdefault(_kind(step), []).append(step.name)
            lines += [f"  {WORDS[op]}: {len(names)} {kind}: {_named(names)}" for kind, names in sorted(kinds.items())]
    return lines


def ask(stack: str, going: int) -> None:
    """Raise ``typer.Abort`` unless a person agrees: prod's name is typed, any other stack is a yes."""
    if stack != TYPED:
        typer.confirm(f"{going} resources of {stack} go. Update?", abort=True, err=True)
    elif (
        typer.prompt(
            f"{going} resources of {stack} go. Type {stack} to update", default="", show_default=False, err=True
        )
        != stack
    ):
        raise typer.Abort


def _kind(step: Step) -> str:
    """The last word of a type token."""
    return step.type.rpartition(":")[2]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES} more" if len(names) > NAMES else ""
    return ", ".join(sorted(names)[:NAMES]) + more
