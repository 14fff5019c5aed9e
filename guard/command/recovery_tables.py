"""Recovery points on a screen: tables of records and of what a command made, and bars while it works."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from core.errors import ServiceError
from guard.recovery.maker import Progress as Callback
from guard.recovery.points import LocatedStore, RecoveryPoint


@dataclass
class CopyOutcome:
    """What came of making a recovery point of one store."""

    store: LocatedStore
    point: RecoveryPoint | None = None
    error: ServiceError | None = None
    seconds: float = 0.0

    @classmethod
    @contextmanager
    def timed(cls, store: LocatedStore) -> Iterator[CopyOutcome]:
        """An outcome to be filled in; an error that a person can fix becomes part of it."""
        outcome, began = cls(store), time.monotonic()
        try:
            yield outcome
        except ServiceError as error:
            outcome.error = error
        outcome.seconds = time.monotonic() - began

    def as_dict(self) -> dict[str, Any]:
        """For ``--output json``."""
        return {
            "store": self.store.model_dump(mode="json", by_alias=True),
            "point": self.point.model_dump(mode="json", by_alias=True) if self.point else None,
            "error": str(self.error) if self.error else None,
            "seconds": round(self.seconds, 3),
        }


class Bars:
    """A bar for every store that is being worked on, on standard error and on terminals only."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def of(self, name: str) -> Callback:
        """What to call with the progress of one store."""
        task = self._tasks[name] = self._bars.add_task(escape(name), total=None)

        def show(what: str, done: int, total: int | None) -> None:
            self._bars.update(task, description=escape(f"{name}: {what}"), completed=done, total=total)

        return show

    def done(self, name: str) -> None:
        """Take a store's bar away."""
        self._bars.remove_task(self._tasks.pop(name))


def points_table(points: Sequence[RecoveryPoint]) -> None:
    """Records, as they are given."""
    table = Table("id", "store", "age", "items", "size", "verified", "where", box=None, pad_edge=False)
    now = datetime.now(UTC)
    for point in points:
        age, amount = span(now - point.made_at), size(point.bytes)
        table.add_row(
            point.id, escape(str(point.store)), age, str(point.items), amount, _verified(point), escape(point.where)
        )
    _wide().print(table)


def outcome_table(outcomes: Sequence[CopyOutcome]) -> None:
    """What was made, and what wasn't and why."""
    table = Table("store", "items", "size", "seconds", "recovery point", box=None, pad_edge=False)
    for each in outcomes:
        if each.error is None and each.point is not None:
            told = f"[green]{each.point.id}[/] {'verified' if each.point.verified_at else 'not verified'}"
            items, amount = str(each.point.items), size(each.point.bytes)
        else:
            told, items, amount = f"[red]{escape(str(each.error).removeprefix(f'{each.store}: '))}[/]", "", ""
        table.add_row(escape(str(each.store)), items, amount, f"{each.seconds:.1f}", told)
    _wide().print(table)


def span(age: timedelta) -> str:
    """An age in its largest unit."""
    seconds = int(age.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def size(amount: float) -> str:
    """Bytes in a unit that keeps the figure short."""
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _verified(point: RecoveryPoint) -> str:
    if point.fault is not None:
        return f"[red]damaged: {escape(point.fault)}[/]"
    return f"[green]{point.verified_at:%Y-%m-%d %H:%M}[/]" if point.verified_at else "[yellow]no[/]"


def _wide() -> Console:
    """Tables keep their columns whole where they go to a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=400)
