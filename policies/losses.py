"""Losses in place: no store loses data by an update that neither deletes nor replaces it.

The component ``rollback:guard:Plan`` tells what this update switches off, shortens or lets expire (``guard.in_place``),
before the engine does anything about it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from core import project
from core.urn import stack_of
from guard.marks import PLAN
from policies.durable import is_current
from policies.rule import NoConfig, PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, items, known

SHARED = "shared"
"""What the plan calls the system of what belongs to none (``guard.declared``, which a pack doesn't import)."""
SHOWN = 3
"""Stores that are named of one cause."""


def unapproved(plan: Resource, _config: NoConfig, facts: PolicyContext) -> Iterator[str]:
    """A violation for each cause by which stores of one system would lose something unasked."""
    causes: dict[Hashable, list[Any]] = {}
    for entry in items(plan.get("losses")) if is_current(plan, facts) else ():
        refusal = dig(entry, "refusal")
        if refusal is None:
            continue
        if not known(refusal):
            yield f"{dig(entry, 'name')} would lose data: whether that is approved can't be known in a preview"
            continue
        cause = str(refusal).partition("\n")[0].replace(str(dig(entry, "name")), "")
        causes.setdefault((dig(entry, "system"), dig(entry, "type"), _paths(entry), cause), []).append(entry)
    yield from (_violation(entries) for entries in causes.values())


def _paths(entry: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(dig(loss, "path")) for loss in items(dig(entry, "losses"))))


def _violation(entries: Sequence[Any]) -> str:
    """What one store, or several by one cause, would lose, and the command that approves it."""
    first = entries[0]
    names, (urn, refusal) = (
        [str(dig(each, "name")) for each in entries],
        (dig(first, key) for key in ("urn", "refusal")),
    )
    if len(entries) == 1:
        return f"{names[0]} would lose data: {refusal}\n{urn}"
    cause, _, command = str(refusal).partition("\n")
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    head = f"{len(names)} stores ({', '.join(names[:SHOWN])}{more}) would lose data: {cause}"
    paths, system, stack = _paths(first), str(dig(first, "system")), stack_of(str(urn))
    if len(paths) == 1 and paths[0] and system not in ("None", SHARED):
        return f"{head}\n  {project.commands().approve(system, 'lose', stack, path=paths[0])}\n{urn}"
    return f"{head}\n{command}, and so for each of the others\n{urn}"


RULES = (
    ResourceRule(
        name="durable-store-loss",
        description="No store loses data by a change in place that nobody approved.",
        severity=Severity.CRITICAL,
        remedy=(
            "Keep the setting as it was (retention, versioning, backups, protection, time to live), or approve the "
            "loss with `{guard} approve NAME --action lose -s STACK`, or that of one property in a whole system "
            "with `{guard} approve SYSTEM --action lose --property PROPERTY -s STACK` (docs/guard.md)."
        ),
        types=frozenset({PLAN}),
        check=unapproved,
        locked=True,
    ),
)
