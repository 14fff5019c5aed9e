"""What tests of the audit share: two tables, an update of the engine's history, an approval, an entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from guard.approvals import Action, Approval
from guard.audit import AuditFinding, Surroundings, audit
from guard.ledger import Entry
from guard.losses import Account
from tests.guard.states import noted, resource, state, urn

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
STARTED = "2026-11-26T02:00:00.000Z"
LATER = "2026-11-26T02:30:00.000Z"
TWO = (resource("receipts"), resource("labels"))
BOTH = state(*TWO)


def update(at: str = STARTED, *, pack: bool = True, **changes: Any) -> dict[str, Any]:
    environment = {"pulumi.env.PULUMI_OPTION_POLICY_PACK": "set"} if pack else {}
    return {"kind": "update", "result": "succeeded", "startTime": at, "environment": environment, **changes}


def entry(found: dict[str, Any] = BOTH) -> Entry:
    return noted(found, STARTED)


def approval(name: str) -> Approval:
    return Approval(
        store=urn(name),
        action=Action.DELETE,
        by="Ada Byron",
        reason="it is a copy",
        given=NOW - timedelta(hours=1),
        expires=NOW + timedelta(hours=1),
    )


def found(
    here: dict[str, Any],
    history: list[dict[str, Any]],
    last: Entry | None,
    *approvals: Approval,
    unfinished: bool = False,
    account: Account | None = None,
) -> list[AuditFinding]:
    around = Surroundings(account=account or Account())
    return audit(here, history, last, approvals, NOW, unfinished=unfinished, around=around)
