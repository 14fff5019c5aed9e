"""Recovery points: make, list, verify and restore the recovery points of a stack's durable stores."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from core import project
from core.errors import ServiceError
from guard.command.options import Format, Output, Region, Stack, Yes
from guard.command.records import NoPointError, Records
from guard.command.recovery_tables import Bars, CopyOutcome, outcome_table, points_table
from guard.command.stack import Opener, Watched, group, watched
from guard.durable import Kind
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.makers import MAKERS
from guard.recovery.points import LocatedStore, RecoveryPoint
from guard.recovery.stores import choose, stores

WORKERS = 4
"""Stores that are copied side by side."""


def list_points(
    context: typer.Context,
    store: Annotated[str | None, typer.Option(help="One store, by its physical name or URN.")] = None,
    stack: Stack = None,
    output: Output = Format.TEXT,
) -> None:
    """The recovery points of a stack, newest first."""
    target = watched(context, stack)
    records = Records.of(_catalogue(target), target.stack)
    try:
        points = records.points if store is None else records.of_store(store, present=_present(target))
    except NoPointError as error:
        records.warn()
        typer.echo(_json([]) if output is Format.JSON else f"{target.stack}: {error}")
        return
    records.warn()
    if output is Format.JSON:
        typer.echo(_json(points))
    elif points:
        points_table(points)
    else:
        typer.echo(
            f"{target.stack} has no recovery points yet: {project.commands().recovery} make --all -s {target.stack}"
        )


def make(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    context: typer.Context,
    store: Annotated[str | None, typer.Argument(help="A store, by its physical name or URN.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every store of the stack that can be copied.")] = False,
    stack: Stack = None,
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
    target = watched(context, stack, changes=True)
    known = stores(target.engine.state(), target.region)
    own = [each for each in known if each.kind not in (Kind.BELT, Kind.CONTENT, Kind.OBJECT)]
    chosen = own if store is None else [choose(known, store, region)]
    target.confirm(not yes)
    catalogue = _catalogue(target)
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
        raise ServiceError(str(failed[0].error))
    if failed:
        raise ServiceError(
            f"{len(failed)} of {len(outcomes)} stores have no new recovery point: "
            f"{', '.join(each.store.name for each in failed)}"
        )


def verify(
    context: typer.Context,
    point: Annotated[str | None, typer.Argument(help="A recovery point's id, or its beginning.")] = None,
    newest: Annotated[str | None, typer.Option(help="The newest one of this store (name or URN) instead.")] = None,
    region: Region = None,
    stack: Stack = None,
    yes: Yes = False,
    output: Output = Format.TEXT,
) -> None:
    """Read a copy back and compare it with what was recorded."""
    if (point is None) is (newest is None):
        raise typer.BadParameter("name one recovery point, or give --newest with a store")
    target = watched(context, stack, changes=True)
    catalogue = _catalogue(target)
    records = Records.of(catalogue, target.stack)
    found = records.find(point or "") if newest is None else records.of_store(newest, region, _present(target))[0]
    records.warn()
    target.confirm(not yes)
    with Bars() as bars:
        checked = work.verify(found, catalogue, bars.of(str(found.store)))
    if output is Format.JSON:
        typer.echo(_json([checked]))
    else:
        typer.echo(f"{checked.id} of {checked.store} is in order: {checked.verified_how}")


def restore(
    context: typer.Context,
    point: Annotated[str, typer.Argument(help="A recovery point's id, or its beginning.")],
    to: Annotated[str, typer.Option(help="A physical name that is free or empty; for logs, a new file.")],
    stack: Stack = None,
    yes: Yes = False,
    output: Output = Format.TEXT,
) -> None:
    """Restore a copy to a place that is free or empty, and compare what is there then."""
    target = watched(context, stack, changes=True)
    records = Records.of(_catalogue(target), target.stack)
    found = records.find(point)
    records.warn()
    target.confirm(not yes)
    with Bars() as bars:
        items = work.restore(found, to, bars.of(str(found.store)))
    if output is Format.JSON:
        typer.echo(json.dumps({"id": found.id, "to": to, "items": items}))
    else:
        place = Path(to).resolve() if found.store.kind is Kind.LOGS else to
        typer.echo(f"{found.id} of {found.store} is restored to {place}: {items} items")
    if found.note:
        typer.echo(f"note: {found.note}", err=True)


def _present(target: Watched) -> Callable[[], Sequence[LocatedStore]]:
    return lambda: stores(target.engine.state(), target.region)


def _can_be_copied(store: LocatedStore, catalogue: Catalogue) -> bool:
    return store.kind in MAKERS and store.name != catalogue.bucket


def _make(
    chosen: Sequence[LocatedStore], catalogue: Catalogue, order: Callable[..., RecoveryPoint], check: bool
) -> list[CopyOutcome]:
    """Make a recovery point of each store, side by side; what fails doesn't stop the others."""
    catalogue.ensure()
    with Bars() as bars, ThreadPoolExecutor(WORKERS) as pool:

        def work_on(store: LocatedStore) -> CopyOutcome:
            progress = bars.of(str(store))
            with CopyOutcome.timed(store) as outcome:
                outcome.point = order(store, progress=progress)
                if check:
                    outcome.point = work.verify(outcome.point, catalogue, progress)
            bars.done(str(store))
            return outcome

        return list(pool.map(work_on, chosen))


def _catalogue(target: Watched) -> Catalogue:
    return Catalogue(target.bucket, target.region)


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _json(points: Sequence[RecoveryPoint]) -> str:
    return json.dumps([point.model_dump(mode="json", by_alias=True) for point in points], indent=2)


def app(words: str, opener: Opener) -> typer.Typer:
    """The commands as a group. ``words``: what people type before a command's name."""
    commands: Mapping[str, tuple[Callable[..., None], str]] = {
        "list": (list_points, "-s prod --store rag-postgres-prod"),
        "make": (make, "rag-postgres-prod -s prod"),
        "verify": (verify, "--newest rag-postgres-prod -s prod"),
        "restore": (restore, "20261126t0200 --to rag-postgres-prod-restored -s prod"),
    }
    return group("recovery", words, opener, commands, "Verified copies of the stores that an update must not lose.")
