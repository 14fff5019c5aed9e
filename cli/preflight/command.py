"""``rollback preflight``: is this account, cluster and backend ready for an update, and which rights are needed?"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Format, Output, Stack
from stacks.file import read

if TYPE_CHECKING:
    from cli.preflight.facts import PreflightContext
    from cli.preflight.rows import Row

NAMED = 3
"""Rows that one remedy names; the others are counted."""
COLOURS = {"fine": "green", "missing": "red", "unknown": "yellow"}


def preflight(
    stack: Stack = "prod",
    output: Output = Format.TEXT,
    policy: Annotated[
        bool, typer.Option("--policy", help="Print the IAM policies that the stack needs, as JSON by name.")
    ] = False,
) -> None:
    """Check whether an update can end well: account, tools, backend, buckets, cluster, hosts, quotas, rights.

    Changes nothing. Exits with 1 where something is missing; what can't be told is unknown, and doesn't count.
    """
    from cli.preflight.checks import CHECKS
    from cli.preflight.facts import PreflightContext
    from cli.preflight.rows import failed, run, time_left

    facts = PreflightContext(read(stack))
    if policy:
        typer.echo(json.dumps(policies(facts), indent=2))
        return
    found = run({name: partial(look, facts) for name, look in CHECKS.items()}, time_left())
    # Remedies are typed as they stand.
    rows = [replace(row, remedy=row.remedy.replace("-s STACK", f"-s {stack}")) for row in found]
    if output is Format.JSON:
        typer.echo(json.dumps([row.as_dict() for row in rows], indent=2))
    else:
        show(rows)
    _leave(1 if failed(rows) else 0)


def _leave(code: int) -> None:
    """End the program with an exit code, without waiting for looks that still hang: libraries' threads hold it up."""
    from cli.preflight import registries

    registries.forget()
    if any(thread is not threading.current_thread() for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise typer.Exit(code)


def policies(facts: PreflightContext) -> dict[str, object]:
    """Name -> policy document, each within the size of a managed policy.

    On the account of the credentials in use; on any account where they don't answer, since a policy lies in one.
    """
    from cli.preflight.facts import place
    from cli.rights.document import documents, steps

    here = place(facts.settings)
    try:
        here = place(facts.settings, facts.caller.account, facts.caller.partition)
    except Exception as error:
        typer.echo(f"no account answers, so the ARNs name none: {type(error).__name__}", err=True)
    made = documents([grant for grants in steps().values() for grant in grants], here)
    return {f"rollback-{facts.stack}-{number}": document for number, document in enumerate(made, 1)}


def show(rows: Sequence[Row]) -> None:
    """The table, and under it what to do about each row that isn't fine."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table("check", "state", "found", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row.check, f"[{COLOURS[row.state.value]}]{row.state.value}[/]", escape(row.detail))
    console.print(table)
    remedies: dict[str, list[str]] = {}
    for row in rows:
        if row.remedy:
            remedies.setdefault(row.remedy, []).append(row.check)
    for remedy, checks in remedies.items():  # one cause is told once
        more = f" and {len(checks) - NAMED} more" if len(checks) > NAMED else ""
        console.print(f"[bold]{', '.join(checks[:NAMED])}{more}[/]: {escape(remedy)}", soft_wrap=True, highlight=False)
