"""What a change in place loses: a time to live that is switched on, a shorter retention, versioning suspended.

No delete and no replacement tells of these: the engine calls them updates. They are found by comparing what the last
update left with what the program declares, property by property (``stores``, ``databases``, ``delivery``, ``cluster``;
``common`` for types that no table names).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core import project
from guard.approvals import Action
from guard.in_place import cluster, common, databases, delivery, stores
from guard.in_place.companions import COMPANIONS
from guard.in_place.row import Leaving, Part, Row
from guard.in_place.values import ABSENT, AS_IT_IS, UNKNOWN, at, declared_values, member, prior, shown

__all__ = [
    "COMPANIONS",
    "Loss",
    "declared_values",
    "described",
    "losses",
    "may_leave",
    "may_lose",
    "properties",
    "refusal",
    "undone",
]

ROWS: Mapping[str, tuple[Row, ...]] = {**stores.ROWS, **databases.ROWS, **delivery.ROWS}
LEAVINGS: Mapping[str, Leaving] = {**stores.LEAVINGS, **databases.LEAVINGS, **delivery.LEAVINGS}


@dataclass(frozen=True)
class Loss:
    """One property whose change loses data."""

    path: str
    """Of the property, as the engine spells it; empty where the whole resource leaves."""
    before: str
    after: str
    """Both as a person reads them, with their units."""
    lost: str
    """What is lost, in one sentence."""
    irreversible: bool
    """The old value, set again, doesn't bring it back."""
    certain: bool = True
    """Not so where the new value is known only in the update, and could be one that loses."""
    held: bool = False
    """It takes only what the store holds: nothing from one that was just made and holds nothing."""


def losses(
    token: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    existing_store: bool = False,
    ignored: Iterable[str] = (),
) -> list[Loss]:
    """What a resource, or the store that it stands beside, loses by an update in place.

    Args:
        token: the resource's type.
        before: its outputs in the state; None where this update makes it.
        after: its inputs as the program declares them (``declared_values``): what is left out has the service's
            default, and None is known only in the update. None as a whole where the resource leaves the program; of a
            store that is a removal, and no loss in place.
        existing_store: of a resource that is made, whether the store that it stands beside was there before. A new
            store has nothing to lose.
        ignored: the resource's ``ignore_changes``: these properties stay as they are.
    """
    if after is None:
        leaving = LEAVINGS.get(token)
        known = prior(before or {})
        if leaving is None or before is None or not leaving.holds(known):
            return []
        return [Loss("", "there", "gone", leaving.lost, leaving.irreversible)]
    if before is None and (not existing_store or token not in COMPANIONS or COMPANIONS[token].adds):
        return []
    old, paths = prior(before or {}), list(ignored)
    if "*" in paths:
        return []
    for path in paths:
        after = _with(after, path.partition("[")[0].split("."), old)
    return [loss for row in rows(token) if row.new or before is not None for loss in compared(row, old, after)]


def rows(token: str) -> tuple[Row, ...]:
    """All rows of a type: its own, and those of whatever has such properties."""
    if token.startswith("kubernetes:"):
        return cluster.rows(token)
    own = ROWS.get(token, ())
    if not token.startswith("aws:") or token.startswith(common.NO_DATA):
        return own
    judged = {row.path.partition(".")[0] for row in own}
    return (*own, *(row for row in common.ROWS if row.path.partition(".")[0] not in judged))


def may_lose(token: str) -> bool:
    """Whether a change of this type, or its delete, can lose data that another resource holds."""
    return (
        token in COMPANIONS
        or token in ROWS
        or token in LEAVINGS
        or (token.startswith("kubernetes:") and cluster.named(token))
    )


def properties() -> frozenset[str]:
    """Every property of a table, as the engine spells it."""
    tables = (*ROWS.values(), *cluster.ROWS.values(), common.ROWS, cluster.COMMON)
    return frozenset(row.path for own in tables for row in own if row.path)


def may_leave(token: str) -> bool:
    """Whether the delete of this type loses what another resource holds, or would have got."""
    return token in LEAVINGS


def undone(token: str) -> bool:
    """Whether a replacement of this type loses as much as its delete."""
    return token in LEAVINGS and LEAVINGS[token].undone


def described(found: Iterable[Loss]) -> list[dict[str, Any]]:
    """Losses as plain data, for the plan."""
    return [
        {
            "path": loss.path,
            "before": loss.before,
            "after": loss.after,
            "lost": loss.lost,
            "irreversible": loss.irreversible,
            "certain": loss.certain,
        }
        for loss in found
    ]


def refusal(store: str, stack: str, found: Iterable[Loss]) -> str:
    """Why a change in place must not be made unasked, in two lines: what is lost by which property (as `--property`
    takes it), and the command that approves it.

    Args:
        store: what the command calls the store: its name, or a URN where names don't tell.
        stack: the stack's name.
        found: what is lost.
    """
    told = "; ".join(f"{loss.lost}{_notes(loss)}" for loss in found)
    command = project.commands().approve(store, Action.LOSE.value, stack)
    return f"{told}; this isn't approved\n  {command}"


def _notes(loss: Loss) -> str:
    notes = [f"property {loss.path}"] if loss.path else []
    notes += ["nothing brings it back"] if loss.irreversible else []
    return f" ({'; '.join(notes)})" if notes else ""


def compared(row: Row, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Loss]:
    """What one row finds between what the state has (without its nulls) and what the program declares."""
    old, new = at(before, row.path), at(after, row.path)
    if row.default is AS_IT_IS:
        if new is ABSENT:
            return
    else:
        old, new = (row.default if value is ABSENT else value for value in (old, new))
    if old == new and new is not UNKNOWN:
        return
    for part in row.check(old, new):
        yield _loss(row, part)


def _loss(row: Row, part: Part) -> Loss:
    path = row.path + (part.path if not row.path or part.path.startswith("[") else f".{part.path}" if part.path else "")
    old, new = shown(part.before, part.unit), shown(part.after, part.unit)
    lost = part.text or row.lost.format(before=old, after=new, item=part.item)
    if part.unknown:
        lost = f"what {path or 'it'} becomes is known only in the update (now {old}): it could lose data"
    return Loss(path, old, new, lost, row.irreversible, certain=not part.unknown, held=row.held)


def _with(values: Any, path: list[str], other: Any) -> Any:
    """The values with the other's at a path, as the engine takes them where changes are ignored."""
    there, head = dict(values) if isinstance(values, Mapping) else {}, path[0]
    found = member(other, head)
    if len(path) > 1:
        there[head] = _with(there.get(head), path[1:], found)
    elif found in (ABSENT, UNKNOWN):
        there.pop(head, None)
    else:
        there[head] = found
    return there
