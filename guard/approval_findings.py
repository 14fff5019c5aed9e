"""What the audit says of approvals that hold: those that name nothing, and those of more than one store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from core import project
from core.state import resources_of
from core.urn import stack_of, type_of
from guard.approvals import BLAST_RADIUS, Action, Approval
from guard.findings import AuditFinding, Severity
from guard.in_place import COMPANIONS, may_lose


def standing(
    state: Mapping[str, Any],
    approvals: Sequence[Approval],
    known: Collection[str],
    systems: Collection[str],
    now: datetime,
) -> Iterator[AuditFinding]:
    """Findings about approvals.

    ``known``: the URNs of every store that state or ledger know; ``systems``: those whose blast radius can be approved,
    empty where nobody asks about that.
    """
    every = {str(each["urn"]): bool(each.get("custom", True)) for each in resources_of(state)}
    for approval in approvals:
        if approval.expires <= now:
            continue
        radius = approval.store.startswith(BLAST_RADIUS)
        if radius and not systems:
            continue
        names = {f"{BLAST_RADIUS}{system}" for system in systems} if radius else {*known, *_losing(approval, every)}
        if approval.store not in names:
            yield _nameless(approval, names)
        elif approval.property is not None and not every.get(approval.store, True):
            yield AuditFinding(
                kind="approval-broad",
                severity=Severity.LOW,
                text=f"every store in {approval.store.rpartition('::')[2]} may lose data by its {approval.property} "
                f"until {approval.expires:%Y-%m-%d %H:%M} UTC: {approval.by}, {approval.reason}",
                remedy=f"once the update is done: {_revoke(approval)}",
            )


def _losing(approval: Approval, every: Mapping[str, bool]) -> Collection[str]:
    """What else an approval of a loss may name: a component, with a property; what stands beside a store."""
    if approval.action is not Action.LOSE:
        return ()
    token = type_of(approval.store)
    if token in COMPANIONS:  # that of somebody else's store is approved before the stack has it
        return (approval.store, *every)
    return every if approval.property is not None or may_lose(token) else ()


def _nameless(approval: Approval, names: Collection[str]) -> AuditFinding:
    near = get_close_matches(approval.store, sorted(names), n=1)
    return AuditFinding(
        kind="approval-nameless",
        severity=Severity.HIGH,
        text=f"approval names no store: {approval.store}" + (f"; did you mean {near[0]}?" if near else ""),
        remedy=_revoke(approval),
    )


def _revoke(approval: Approval) -> str:
    return f"{project.commands().guard} revoke '{approval.store}' -s {stack_of(approval.store) or 'STACK'}"
