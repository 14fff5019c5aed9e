"""Blast radius: how much of a system one update takes away, by the figures of the component ``rollback:guard:Plan``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from core.model import Model
from guard.approvals import BLAST_RADIUS, Action, find
from guard.marks import PLAN
from policies.durable import is_current
from policies.rule import PolicyContext, ResourceRule, Severity
from policies.subject import Resource, dig, known
from policies.values import number

Deletes = Annotated[int, Field(ge=0, le=10_000)]
Percent = Annotated[float, Field(ge=0, le=100)]


class Bounds(Model):
    """What one update may take away of one system."""

    max_deletes: Deletes = 20
    """Deletes and replacements together."""
    max_percent: Percent = 20.0
    """Percent of the resources that the system had before."""
    percent_from: Deletes = 5
    """Deletes from which the percentage counts: fewer are never much, whatever their share of a small system."""


class BlastRadius(Bounds):
    """The bounds of every system, and those of single ones."""

    systems: dict[str, Bounds] = {}
    """Bounds of single systems, by name."""

    def of(self, system: str) -> Bounds:
        """The bounds of one system."""
        return self.systems.get(system, self)


FIGURES = ("before", "removed", "replaced")


def within(plan: Resource, config: BlastRadius, facts: PolicyContext) -> Iterator[str]:
    """No system loses more than its bounds allow, unless somebody approved. What is no figure counts as too much."""
    systems = plan.get("systems")
    for system, figures in sorted(systems.items()) if isinstance(systems, Mapping) and is_current(plan, facts) else ():
        if dig(figures, "approval") or find(facts.approvals, f"{BLAST_RADIUS}{system}", Action.BLAST_RADIUS, facts.now):
            continue
        counts = {name: _count(figures, name) for name in FIGURES}
        if wrong := [name for name, count in counts.items() if count is None]:
            told = ", ".join(f"{name} {_shown(dig(figures, name))}" for name in wrong)
            yield f"{system}: the plan's figures are no numbers ({told}), so nobody knows how much would go"
        else:
            yield from _over(system, config.of(system), *(count or 0 for count in counts.values()))


def _over(system: str, bounds: Bounds, before: int, removed: int, replaced: int) -> Iterator[str]:
    lost = removed + replaced
    share = Fraction(100 * lost, before) if before else Fraction(0)
    over = [
        *([f"more than {bounds.max_deletes} resources"] if lost > bounds.max_deletes else []),
        *(
            [f"more than {bounds.max_percent:g} %"]
            if lost >= bounds.percent_from and share > Fraction(bounds.max_percent)
            else []
        ),
    ]
    if over:
        yield (
            f"{system}: {removed} of {before} resources would be deleted and {replaced} replaced "
            f"({round(share)} %), {' and '.join(over)}; approve {BLAST_RADIUS}{system} if that is meant"
        )


def _count(figures: object, name: str) -> int | None:
    """One figure; 0 where it isn't there or can't be known yet, None where it is no count."""
    given = dig(figures, name)
    if not known(given):
        return 0
    figure = number(given)
    return int(figure) if figure is not None and figure >= 0 else None


def _shown(value: object) -> str:
    """A value as far as a line has room; Python spells no integer of more than 4,300 digits."""
    return "too large" if isinstance(value, int) and number(value) is None else repr(value)[:40]


RULES = (
    ResourceRule(
        name="blast-radius",
        description="One update doesn't delete or replace more of a system than its bounds allow.",
        severity=Severity.HIGH,
        remedy=(
            "Move in smaller steps, or approve `blast-radius:<system>` (docs/guard.md). Where a planned rollback "
            "takes more away, raise the system's bounds in the stack's settings."
        ),
        types=frozenset({PLAN}),
        check=within,
        config=BlastRadius,
    ),
)
