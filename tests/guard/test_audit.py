"""The audit: edits of the state, stores without their guard, updates without the pack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guard.approvals import Action, Approval
from guard.audit import Finding, Severity, audit
from guard.ledger import Entry
from tests.guard.states import noted, resource, state, urn

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
STARTED = "2026-11-26T02:00:00.000Z"
LATER = "2026-11-26T02:30:00.000Z"
BOTH = state(resource("receipts"), resource("labels"))


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
) -> list[Finding]:
    return audit(here, history, last, approvals, NOW, unfinished=unfinished)


def test_a_state_that_is_as_the_last_update_left_it_has_no_findings() -> None:
    assert found(BOTH, [update()], entry()) == []
    assert found(BOTH, [update()], None) == []


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        (state(resource("labels")), "without receipts"),
        (state(resource("receipts"), resource("labels"), resource("other")), "with other"),
        (state(resource("receipts", protect=False), resource("labels")), "unprotected receipts"),
        (
            state(*BOTH["deployment"]["resources"], resource("x", "aws:sns/topic:Topic")),
            "no durable store is concerned",
        ),
    ],
)
def test_an_edit_of_the_state_shows_and_says_what_it_did(edited: dict[str, Any], said: str) -> None:
    kinds = {each.kind: each for each in found(edited, [update()], entry())}
    assert said in kinds["state-edited"].text
    assert kinds["state-edited"].severity is Severity.HIGH


def test_an_update_that_was_refused_hides_no_edit() -> None:
    refused = update(LATER, result="failed", resourceChanges={"same": 3})
    assert "state-edited" in {each.kind for each in found(state(resource("labels")), [refused, update()], entry())}
    half = update(LATER, result="failed", resourceChanges={"same": 3, "delete": 1})
    assert "state-edited" not in {each.kind for each in found(state(resource("labels")), [half, update()], entry())}


def test_what_a_killed_update_made_is_no_edit_and_what_it_lost_is_named_all_the_same() -> None:
    grown = state(*BOTH["deployment"]["resources"], resource("other"))
    (unfinished,) = found(grown, [update()], entry(), unfinished=True)
    assert (unfinished.kind, unfinished.severity) == ("unfinished", Severity.LOW)
    kinds = [
        each.kind for each in found(state(resource("labels", protect=False)), [update()], entry(), unfinished=True)
    ]
    assert kinds == ["store-gone", "unguarded", "unfinished"]


def test_a_store_that_left_the_state_by_another_update_needs_an_approval_of_old() -> None:
    history = [update(LATER), update()]
    (gone,) = found(state(resource("labels")), history, entry())
    assert gone.kind == "store-gone"
    assert "receipts" in gone.text
    assert found(state(resource("labels")), history, entry(), approval("receipts")) == []


def test_a_store_that_moved_to_another_urn_is_not_gone() -> None:
    moved = resource("receipts", urn=urn("bills"))
    assert found(state(moved, resource("labels")), [update(LATER), update()], entry()) == []


def test_a_store_without_its_guard_is_named_unless_it_was_approved() -> None:
    open_ = state(resource("receipts", protect=False, retainOnDelete=False), resource("labels"))
    (unguarded,) = found(open_, [update()], entry(open_))
    assert unguarded.kind == "unguarded"
    assert "no protection and no retention" in unguarded.text
    assert found(open_, [update()], entry(open_), approval("receipts")) == []


def test_an_approval_doesnt_excuse_a_missing_hook() -> None:
    bare = state(resource("receipts", protect=False, retainOnDelete=False, resourceHooks={}))
    (unguarded,) = found(bare, [update()], entry(bare), approval("receipts"))
    assert unguarded.text.startswith("receipts has no delete hook")


def test_updates_without_the_pack_since_the_last_entry_are_told() -> None:
    history = [update(LATER, pack=False), update(pack=False)]
    (skipped,) = found(BOTH, history, entry())
    assert (skipped.kind, skipped.severity) == ("pack-skipped", Severity.LOW)
    assert LATER in skipped.text
    lowered = update(LATER, environment={"pulumi.flag.policy-pack": "set", "pulumi.flag.policy-pack-config": "set"})
    assert [each.kind for each in found(BOTH, [lowered, update()], entry())] == ["pack-lowered"]
    assert found(BOTH, [update(LATER, pack=False, kind="destroy"), update()], entry()) == []
    assert found(BOTH, [update(LATER, pack=False, result="failed"), update()], entry()) == []
