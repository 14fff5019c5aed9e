"""Stores that would go, and how well each could be restored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.review.changes import OPS
from cli.review.model import Risk
from cli.review.preview import Preview
from cli.review.resources import of_preview, of_state
from cli.review.stores import risks, secured
from guard.approvals import Action, Approval
from guard.durable import Kind, aws_tokens
from guard.recovery.catalogue import Catalogue
from guard.recovery.points import LocatedStore, RecoveryPoint
from tests.cli.review import made

REFUSAL = "jobs-prod: no recovery point\nrollback recovery make jobs-prod -s prod"
PROTECTED = (
    'unable to replace resource "x"\nas it is currently marked for protection. To unprotect the resource, remove'
)


def found(preview: Preview, *approvals: Approval) -> list[Risk]:
    return list(risks(preview, of_preview(preview.steps), approvals, made.NOW))


def approval(address: str, action: Action) -> Approval:
    return Approval(
        store=address,
        action=action,
        by="Ada Byron",
        reason="the table is a copy",
        given=made.NOW - timedelta(hours=1),
        expires=made.NOW + timedelta(hours=1),
    )


def test_a_store_that_leaves_the_program_is_told_with_the_guards_refusal() -> None:
    gone = made.step("delete", "jobs", made.TABLE, line=30)
    (risk,) = found(made.preview(made.holder(), made.plan(removals=[made.entry("jobs", REFUSAL)]), gone))
    assert (risk.name, risk.outcome, risk.kind, risk.refusal) == ("jobs-prod", "deleted", "table", REFUSAL)
    assert str(risk.source) == "components/stores.py:30"


def test_one_that_may_go_is_told_with_its_evidence() -> None:
    gone = made.step("delete", "jobs", made.TABLE)
    (risk,) = found(made.preview(made.plan(removals=[made.entry("jobs", None)]), gone))
    assert risk.refusal is None
    assert (risk.approved_by, risk.recovery_point) == ("Ada Byron", "20261126t020000000z-0a1b2c3d")


def test_the_plan_of_an_update_long_done_says_nothing_about_this_one() -> None:
    stays = made.step("same", "jobs", made.TABLE)
    old = made.plan("same", replacements=[made.entry("jobs", None, changed=["hashKey"])])
    assert found(made.preview(old, stays)) == []


def test_a_replacement_that_the_engine_refused_before_its_step_is_told_once() -> None:
    address = made.urn("jobs", made.TABLE)
    told = made.plan(replacements=[made.entry("jobs", REFUSAL, changed=["hashKey"])])
    (risk,) = found(made.preview(told, errors=[made.error(PROTECTED, address)]))
    assert (risk.outcome, risk.changed, risk.refusal) == ("replaced", ("hashKey",), REFUSAL)


def test_what_only_the_engine_knows_of_is_told_too() -> None:
    address = made.urn("jobs", made.TABLE)
    (risk,) = found(made.preview(made.plan(), errors=[made.error(PROTECTED, address)]))
    assert (risk.name, risk.outcome) == ("jobs", "replaced")
    assert risk.refusal is not None
    assert risk.refusal.startswith("jobs: the program forces the engine to replace it, and it is protected")
    moved = made.preview(
        made.plan(),
        made.step("delete", "jobs", made.TABLE),
        errors=[made.error('Preview failed: before hook "durable-store" failed: x\nmake one', address)],
    )
    (risk,) = found(moved)
    assert (risk.outcome, risk.refusal) == ("deleted", "x\nmake one")


def test_an_error_about_a_store_that_loses_nothing_is_no_risk() -> None:
    invalid = made.error("aws:dynamodb/table:Table resource 'jobs' has a problem: x", made.urn("jobs", made.TABLE))
    assert found(made.preview(made.step("same", "other", made.TABLE), errors=[invalid])) == []


STORES = [*aws_tokens(Kind.TABLE, Kind.DATABASE, Kind.KEY), "kubernetes:core/v1:Namespace", "pulumi-python:dynamic:Any"]


@given(st.sampled_from(sorted(OPS)), st.sampled_from(STORES), st.booleans())
def test_no_delete_or_replacement_of_a_durable_type_goes_without_a_word(op: str, token: str, approved: bool) -> None:
    going = made.step(op, "jobs", token)
    action = Action.DELETE if op == "delete" else Action.REPLACE
    given_ = [approval(going["urn"], action)] if approved else []
    told = found(made.preview(made.plan(), going), *given_)
    assert [risk.refusal is None for risk in told] == ([approved] if OPS[op] in ("delete", "replace") else [])


def test_types_that_hold_nothing_are_no_stores() -> None:
    assert found(made.preview(made.step("delete", "worker", made.FUNCTION))) == []


@pytest.fixture
def state() -> dict[str, Any]:
    table = made.step("same", "jobs", made.TABLE)["newState"]
    namespace = made.step("same", "ns", "kubernetes:core/v1:Namespace", inputs={"metadata": {"name": "ns"}})["newState"]
    belt = made.step("same", "v", "aws:s3/bucketVersioning:BucketVersioning", inputs={"bucket": "v"})["newState"]
    system = made.holder()["newState"]
    return {"deployment": {"resources": [system, table, namespace, belt]}}


def point(**more: Any) -> RecoveryPoint:
    address = made.urn("jobs", made.TABLE)
    given_: dict[str, Any] = {
        "id": "20261126t025000000z-0a1b2c3d",
        "store": LocatedStore(urn=address, type=made.TABLE, kind=Kind.TABLE, name="jobs", region="us-east-1"),
        "made_at": made.NOW - timedelta(minutes=10),
        "made_by": "ada",
        "where": "arn:x",
        "items": 3,
        "checksum": "0" * 64,
        "bytes": 10,
        "restore": "rollback recovery restore x",
        "verified_at": made.NOW,
        "verified_how": "every item compared",
    }
    return RecoveryPoint(**{**given_, **more})


UNVERIFIED = {"verified_at": None, "verified_how": None}


@pytest.mark.parametrize(
    ("newest", "fault", "remedy"),
    [
        (point, None, None),
        (lambda: None, "no recovery point", "rollback recovery make jobs -s prod"),
        (lambda: point(**UNVERIFIED), "never read back", "rollback recovery verify 20261126t025000000z"),
        (lambda: point(**UNVERIFIED, fault="gone"), "damaged (gone)", "rollback recovery make jobs"),
        (
            lambda: point(made_at=made.NOW - timedelta(hours=3)),
            "the newest verified recovery point is 3 h old, the bound is 1 h",
            "recovery make jobs",
        ),
        (
            lambda: point(made_at=made.NOW + timedelta(hours=1), **UNVERIFIED),
            "in the future: a clock is wrong",
            "recovery make jobs",
        ),
    ],
)
def test_a_store_that_could_not_be_restored_is_told_with_the_command(
    state: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    newest: Callable[[], RecoveryPoint | None],
    fault: str | None,
    remedy: str | None,
) -> None:
    monkeypatch.setattr(Catalogue, "evidence", lambda self, store: newest())
    (told,) = secured(state, Catalogue("bucket", "us-east-1"), of_state(state), made.NOW)
    assert (told.name, told.system, told.kind) == ("jobs", "async-rag", Kind.TABLE)
    assert (fault or "") in (told.fault or "")
    assert (remedy or "") in (told.remedy or "")
    assert (told.fault is None) is (fault is None) is (told.remedy is None)


ENGINE = "pulumi up`, or use the command:\npulumi state unprotect 'x'"


def database(state: bool) -> list[Risk]:
    """What is told of a database that the engine refuses to replace: no step of it is in the preview."""
    token = "aws:rds/instance:Instance"
    address = made.urn("database", token)
    refused = made.preview(
        made.plan(), errors=[made.error(f"{PROTECTED} the `protect` flag and run `{ENGINE}", address)]
    )
    known = made.step("same", "database", token, inputs={"identifier": "async-rag-prod"}, line=41)["newState"]
    before = of_state({"deployment": {"resources": [made.holder()["newState"], known] if state else []}})
    return list(risks(refused, of_preview(refused.steps).over(before), (), made.NOW))


def test_a_store_that_only_an_error_names_has_the_name_system_and_line_of_the_state() -> None:
    (risk,) = database(state=True)
    assert (risk.name, risk.system, risk.kind) == ("async-rag-prod", "async-rag", "database")
    assert str(risk.source) == "components/stores.py:41"
    (unknown,) = database(state=False)
    assert (unknown.name, unknown.system) == ("database", "shared")


@pytest.mark.parametrize("state", [True, False])
def test_nobody_is_advised_to_take_protection_off(state: bool) -> None:
    (risk,) = database(state)
    assert risk.refusal is not None
    reason, command = risk.refusal.split("\n")
    assert "protect`" not in risk.refusal
    assert "unprotect" not in risk.refusal
    assert reason.startswith(f"{risk.name}: the program forces the engine to replace it, and it is protected; take the")
    assert command == (
        f"rollback recovery make {risk.name} -s prod && "
        f"rollback guard approve {risk.name} --action replace --by NAME --reason TEXT -s prod"
    )


def losing(
    refusal: str | None = "this isn't approved\nrollback guard approve jobs --action lose",
) -> dict[str, Any]:
    return made.entry("jobs", refusal, losses=[{"path": "ttl.enabled", "lost": "items expire"}])


def test_a_store_that_loses_data_by_a_change_in_place_is_told_as_that() -> None:
    changed = made.step("update", "jobs", made.TABLE, line=30)
    (risk,) = found(made.preview(made.holder(), made.plan(losses=[losing()]), changed))
    assert (risk.name, risk.outcome, risk.changed) == ("jobs-prod", "changed with a loss", ("ttl.enabled",))
    assert (risk.system, str(risk.source)) == ("async-rag", "components/stores.py:30")
    hook = 'Preview failed: before hook "durable-store-loss" failed: jobs would lose data: items expire\nrollback guard'
    (unplanned,) = found(made.preview(changed, errors=[made.error(hook, changed["urn"])]))
    assert unplanned.outcome == "changed with a loss"
    assert unplanned.refusal == "jobs would lose data: items expire\nrollback guard"


def test_an_approved_loss_is_told_while_it_happens_and_not_afterwards() -> None:
    plan = made.plan(losses=[losing(None)])
    (risk,) = found(made.preview(plan, made.step("update", "jobs", made.TABLE)))
    assert (risk.outcome, risk.refusal) == ("changed with a loss", None)
    assert found(made.preview(plan, made.step("same", "jobs", made.TABLE))) == []


def test_a_store_that_is_deleted_loses_all_and_is_told_once() -> None:
    plan = made.plan(losses=[losing()], removals=[made.entry("jobs", REFUSAL)])
    assert [risk.outcome for risk in found(made.preview(plan, made.step("delete", "jobs", made.TABLE)))] == ["deleted"]
