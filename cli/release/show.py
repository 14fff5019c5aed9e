"""Tables and lines about releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.release.checking import ReleaseFault
from cli.release.difference import Difference, Runs
from cli.release.retiring import Candidate


def differences(before: str, after: str, found: Sequence[Difference], running: Sequence[Runs]) -> None:
    """What differs, and what each stack pins and runs."""
    console = Console()
    table = Table("system", "what", escape(before), escape(after), box=None, pad_edge=False)
    for row in found:
        table.add_row(row.system, escape(row.what), escape(row.before) or "-", escape(row.after) or "-")
    console.print(table if found else f"{before} and {after} pin the same")
    for each in running:
        console.print(f"{each.stack}: pins {_by_release(each.pinned)}; {_deployed(each)}", soft_wrap=True)


def findings(found: Sequence[ReleaseFault]) -> None:
    """What was looked at; artifacts that are in their place as one line."""
    console = Console()
    whole: dict[str, int] = {}
    for each in found:
        if each.what == "artifact" and each.passed:
            whole[each.release] = whole.get(each.release, 0) + 1
            continue
        mark = "[green]ok[/]   " if each.passed else "[red]fails[/]"
        console.print(f"{mark} {each.release} {each.what}: {escape(each.text)}", soft_wrap=True)
    for release, number in whole.items():
        console.print(f"[green]ok[/]    {release} artifacts: {number} are what the release pins")


def candidates(found: Sequence[Candidate]) -> None:
    """What may be retired."""
    console = Console()
    for each in found:
        console.print(f"{escape(each.item.place)} ({', '.join(each.releases)})", soft_wrap=True)
    console.print(
        f"{len(found)} artifacts are outside of every window" if found else "nothing is outside of every window"
    )


def _deployed(told: Runs) -> str:
    if told.deployed is None:
        return f"what it runs isn't known ({escape(told.reason)})"
    return f"runs {_by_release(told.deployed)}" if told.deployed else "was never deployed"


def _by_release(versions: Mapping[str, str]) -> str:
    """``v1.2.3``, or ``v1.2.3 (rag-api v1.2.2)``: the release of most systems, and those that differ."""
    if not versions:
        return "nothing"
    each = list(versions.values())
    most = max(dict.fromkeys(each), key=each.count)
    apart = [f"{system} {version}" for system, version in versions.items() if version != most]
    return f"{most} ({', '.join(apart)})" if apart else most
