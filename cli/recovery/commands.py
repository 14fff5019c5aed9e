"""``rollback recovery``: make, list, verify and restore the recovery points of a stack's durable stores."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.engine import Engine
from cli.options import ChangedStack, Format, Output, Region, Stack, Yes, named
from cli.pulumi_command import EngineError
from cli.recovery.records import NoPointError, Records
from cli.recovery.tables import Bars, Outcome, outcome_table, points_table
from cli.targets import announce
from guard.durable import Kind
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.makers import MAKERS
from guard.recovery.points import RecoveryPoint, Store
from guard.recovery.stores import choose, stores
from stacks.file import read
from stacks.settings import StackSettings

WORKERS = 4
"""Stores that are copied side by side."""

app = typer.Typer(
    name="recovery",
    help="Verified copies of the stores that an update must not lose.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("list", epilog="Example: rollback recovery list -s prod --store rag-postgres-prod")
def list_points(
    store: Annotated[str | None, typer.Option(help="One store, by its physical name or URN.")] = None,
    stack: Stack = "prod",
    output: Output = Format.TEXT,
) -> None:
    """The recovery points of a stack, newest first."""
    settings = read(stack)
    records = Records.of(_catalogue(settings), stack)
    try:
        points = records.points if store is None else records.of_store(store, present=_present(settings))
    except NoPointError as error:
        records.warn()
        typer.echo(_json([]) if output is Format.JSON else f"{stack}: {error}")
        return
    records.warn()
    if output is Format.JSON:
        typer.echo(_json(points))
    elif points:
        points_table(points)
    else:
        typer.echo(f"{stack} has no recovery points yet: rollback recovery make --all -s {stack}")


@app.command(epilog="Example: rollback recovery make rag-postgres-prod -s prod")
def make(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    store: Annotated[str | None, typer.Argument(help="A store, by its physical name or URN.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every store of the stack that can be copied.")] = False,
    stack: ChangedStack = "",
    explained: Annotated[
        str | None,
        typer.Option(help="Why the store may come to hold other items than the copy; alone, one in ten may differ."),
    ] = None,
    may_gain: Annotated[
        int | None, typer.Option(min=0, help="With --explained: items at most that come and aren't in the copy.")
    ] = None,
    may_lose: Annotated[
        int | None, typer.Option(min=0, help="With --explained: items at most that go and stay in the copy.")
    ] = None,
    region: Region = None,
    by: Annotated[str | None, typer.Option(help="Who makes it; your login name when left out.")] = None,
    check: Annotated[bool, typer.Option("--verify/--no-verify", help="Read the copy back at once.")] = True,
    yes: Yes = False,
    output: Output = Format.TEXT,
) -> None:
    """Copy a store, read the copy back, and record it."""
    if (store is None) is not every:
        raise typer.BadParameter("name one store, or give --all")
    if explained is not None and (not explained.strip() or len(explained.splitlines()) > 1):
        raise typer.BadParameter("--explained is one line that says why")
    if explained is None and (may_gain, may_lose) != (None, None):
        raise typer.BadParameter("--may-gain and --may-lose go with --explained, which says why")
    settings = read(named(stack))
    known = stores(Engine(stack).state(), settings.region)
    own = [each for each in known if each.kind not in (Kind.BELT, Kind.CONTENT, Kind.OBJECT)]
    chosen = own if store is None else [choose(known, store, region)]
    announce(stack, settings.region, ask=not yes, cluster=False)
    catalogue = _catalogue(settings)
    order = partial(
        work.make,
        catalogue=catalogue,
        by=by or _login_name(),
        explained=explained,
        may_gain=may_gain,
        may_lose=may_lose,
    )
    outcomes = _make(chosen, catalogue, order, check)
    if output is Format.JSON:
        typer.echo(json.dumps([each.as_dict() for each in outcomes], indent=2))
    else:
        outcome_table(outcomes)
    failed = [each for each in outcomes if each.error and (store is not None or _can_be_copied(each.store, catalogue))]
    if len(outcomes) == 1 and failed:
        raise EngineError(str(failed[0].error))
    if failed:
        raise EngineError(
            f"{len(failed)} of {len(outcomes)} stores have no new recovery point: "
            f"{', '.join(each.store.name for each in failed)}"
        )


@app.command(epilog="Example: rollback recovery verify --newest rag-postgres-prod -s prod")
def verify(
    point: Annotated[str | None, typer.Argument(help="A recovery point's id, or its beginning.")] = None,
    newest: Annotated[str | None, typer.Option(help="The newest one of this store (name or URN) instead.")] = None,
    region: Region = None,
    stack: ChangedStack = "",
    yes: Yes = False,
    output: Output = Format.TEXT,
) -> None:
    """Read a copy back and compare it with what was recorded."""
    if (point is None) is (newest is None):
        raise typer.BadParameter("name one recovery point, or give --newest with a store")
    settings = read(named(stack))
    catalogue = _catalogue(settings)
    records = Records.of(catalogue, stack)
    found = records.find(point or "") if newest is None else records.of_store(newest, region, _present(settings))[0]
    records.warn()
    announce(stack, settings.region, ask=not yes, cluster=False)
    with Bars() as bars:
        checked = work.verify(found, catalogue, bars.of(str(found.store)))
    if output is Format.JSON:
        typer.echo(_json([checked]))
    else:
        typer.echo(f"{checked.id} of {checked.store} is in order: {checked.verified_how}")


@app.command(epilog="Example: rollback recovery restore 20261126t0200 --to rag-postgres-prod-restored -s prod")
def restore(
    point: Annotated[str, typer.Argument(help="A recovery point's id, or its beginning.")],
    to: Annotated[str, typer.Option(help="A physical name that is free or empty; for logs, a new file.")],
    stack: ChangedStack = "",
    yes: Yes = False,
    output: Output = Format.TEXT,
) -> None:
    """Restore a copy to a place that is free or empty, and compare what is there then."""
    settings = read(named(stack))
    records = Records.of(_catalogue(settings), stack)
    found = records.find(point)
    records.warn()
    announce(stack, settings.region, ask=not yes, cluster=False)
    with Bars() as bars:
        items = work.restore(found, to, bars.of(str(found.store)))
    if output is Format.JSON:
        typer.echo(json.dumps({"id": found.id, "to": to, "items": items}))
    else:
        place = Path(to).resolve() if found.store.kind is Kind.LOGS else to
        typer.echo(f"{found.id} of {found.store} is restored to {place}: {items} items")
    if found.note:
        typer.echo(f"note: {found.note}", err=True)


def _present(settings: StackSettings) -> Callable[[], Sequence[Store]]:
    return lambda: stores(Engine(settings.stack).state(), settings.region)


def _can_be_copied(store: Store, catalogue: Catalogue) -> bool:
    return store.kind in MAKERS and store.name != catalogue.bucket


def _make(
    chosen: Sequence[Store], catalogue: Catalogue, order: Callable[..., RecoveryPoint], check: bool
) -> list[Outcome]:
    """Make a recovery point of each store, side by side; what fails doesn't stop the others."""
    catalogue.ensure()
    with Bars() as bars, ThreadPoolExecutor(WORKERS) as pool:

        def work_on(store: Store) -> Outcome:
            progress = bars.of(str(store))
            with Outcome.timed(store) as outcome:
                outcome.point = order(store, progress=progress)
                if check:
                    outcome.point = work.verify(outcome.point, catalogue, progress)
            bars.done(str(store))
            return outcome

        return list(pool.map(work_on, chosen))


def _catalogue(settings: StackSettings) -> Catalogue:
    return Catalogue(settings.project.recovery_bucket, settings.region)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _json(points: Sequence[RecoveryPoint]) -> str:
    return json.dumps([point.model_dump(mode="json", by_alias=True) for point in points], indent=2)
