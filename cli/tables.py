"""Tables and lines that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.health.smoke_tests import Check
from cli.health.status import Running
from cli.release.marks import Marks
from cli.updates.events import counts
from stacks.releases import Release


def systems_table(rows: Sequence[Running]) -> None:
    """Per system: what is pinned, deployed and running, where it answers, and how to look at it."""
    console = Console()
    table = Table("system", "pinned", "deployed", "runs", box=None, pad_edge=False)
    for row in rows:
        style = "red" if row.differs else "green"
        table.add_row(row.system, row.pinned, row.deployed, f"[{style}]{escape(row.runs)}[/]")
    console.print(table)
    for row in rows:
        told = (("under way", row.moving), ("drift", row.drift), ("failed", row.failures), ("by setting", row.notes))
        if not (row.addresses or row.look or any(lines for _, lines in told)):
            continue  # its line in the table says all
        console.print(f"[bold]{row.system}[/]")
        for kind, lines in told:
            for line in lines:
                style = "yellow" if kind in ("by setting", "under way") else "red"
                console.print(f"  [{style}]{kind:10}[/] {escape(line)}", soft_wrap=True)
        for name, address in row.addresses.items():
            console.print(f"  {name:10} {address}", soft_wrap=True)
        if row.look:
            console.print(f"  {'look':10} {escape(row.look)}", soft_wrap=True)


def checks_table(checks: Sequence[Check]) -> None:
    """What was checked, and what came of it."""
    console = Console()
    for each in checks:
        mark = "[green]ok[/]  " if each.passed else "[red]fails[/]"
        console.print(f"{mark} {each.system} {each.name}: {each.detail}", soft_wrap=True)


def releases_table(found: Sequence[tuple[Release | None, str]], marked: Mapping[str, Marks]) -> None:
    """The releases, oldest first, and what each is to the stacks; readable on 80 columns."""
    table = Table("version", "released", "quality", "stacks, and what it brings", box=None, pad_edge=False)
    for release, version in found:
        if release is None:
            table.add_row(version, "", "unpublished", "")
            continue
        lines = [*_marks(marked[version]), escape(release.summary)]
        table.add_row(version, str(release.released), release.quality, "\n".join(lines))
    Console().print(table)
    for version, marks in marked.items():
        for place in marks.lacks or ():
            Console().print(f"[red]lacks[/] {version}: {escape(place)}", soft_wrap=True)


def _marks(marks: Marks) -> list[str]:
    """What a release is to the stacks, in one line; none where it is nothing to any."""
    of_stacks = (("pinned by", marks.pinned), ("held by", marks.held), ("deployed to", marks.deployed))
    told = [f"[bold]{how} {', '.join(stacks)}[/]" for how, stacks in of_stacks if stacks]
    if marks.lacks is None:
        told.append("whether it lacks an artifact isn't known")
    elif marks.lacks:
        told.append(f"[red]lacks {len(marks.lacks)} artifacts[/]")
    return ["; ".join(told)] if told else []


def changes_line(stack: str, changes: Mapping[str, int], unchanged: int = 0, *, differs: bool = False) -> str:
    """What an update did, in one line. ``differs``: whether users get anything else than what is pinned."""
    if not changes:
        return f"{stack}: nothing changed" + ("" if differs else ", it already runs what is pinned")
    return f"{stack}: {counts({**changes, 'same': unchanged})}"
