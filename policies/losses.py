"""Losses in place: no store loses data by an update that neither deletes nor replaces it.

The component ``rollback:guard:Plan`` tells what this update switches off, shortens or lets expire (``guard.in_place``),
before the engine does anything about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from guard.marks import PLAN
from policies.durable import is_current
from policies.rule import Facts, NoConfig, ResourceRule, Severity
from policies.subject import Resource, dig, items, known


def unapproved(plan: Resource, _config: NoConfig, facts: Facts) -> Iterator[str]:
    """A violation for each store that would lose something unasked."""
    for entry in items(plan.get("losses")) if is_current(plan, facts) else ():
        refusal = dig(entry, "refusal")
        if refusal is not None:
            said = refusal if known(refusal) else "whether that is approved can't be known in a preview"
            yield f"{dig(entry, 'name')} would lose data: {said}\n{dig(entry, 'urn')}"


RULES = (
    ResourceRule(
        "durable-store-loss",
        "No store loses data by a change in place that nobody approved.",
        Severity.CRITICAL,
        "Keep the setting as it was (retention, versioning, backups, protection, time to live), or approve the loss "
        "with `rollback guard approve NAME --action lose`, or that of one property in a whole system with "
        "`rollback guard approve SYSTEM --action lose --property PROPERTY` (docs/guard.md).",
        frozenset({PLAN}),
        unapproved,
        fixed=True,
    ),
)
