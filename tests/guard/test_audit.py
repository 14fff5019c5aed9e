"""The audit: edits of the state, stores without their guard, updates without the pack."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from guard.approvals import Action, Approval
from guard.audit import Severity, Surroundings, audit
from guard.history import ENVIRONMENT as PACK
from guard.inventory import others
from guard.ledger import Chain, Closed, Entry
from guard.losses import Account
from tests.guard.audits import BOTH, LATER, NOW, STARTED, TWO, approval, entry, found, update
from tests.guard.states import noted, resource, state, urn


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


@pytest.mark.parametrize(
    ("gone", "said", "comes_back"),
    [
        (["role"], "no durable store is concerned; 1 other resource left: role", True),
        (["receipts"], "without receipts", True),
        (["receipts", *"abcdefg"], "without receipts; 7 other resources left: a, b, c, d, e and 2 more", True),
        ([], "with new", False),
    ],
)
def test_what_left_beside_stores_is_counted_and_the_remedy_takes_it_back(
    gone: list[str], said: str, comes_back: bool
) -> None:
    topic = "aws:sns/topic:Topic"
    before = [resource("receipts"), *(resource(name, topic) for name in ("role", *"abcdefg"))]
    now = state(*(each for each in before if each["id"] not in gone), *([] if gone else [resource("new")]))
    entry_ = noted(state(*before), STARTED, others=others(state(*before)))
    (edited,) = (each for each in found(now, [update()], entry_) if each.kind == "state-edited")
    assert edited.text.endswith(said)
    assert ("rollback guard import -s prod" in edited.remedy) == comes_back


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
    refused = update(LATER, pack=False, result="failed", resourceChanges={"same": 2})
    assert found(BOTH, [refused, update()], entry()) == []


def test_an_update_without_the_pack_that_failed_half_way_counts_too() -> None:
    half = update(LATER, pack=False, result="failed", resourceChanges={"same": 2, "create": 1})
    assert [each.kind for each in found(BOTH, [half, update()], entry())] == ["pack-skipped"]


def test_a_pack_that_the_command_line_names_counts_as_skipped_since_nobody_knows_which() -> None:
    named = update(LATER, environment={PACK: "set", "pulumi.flag.policy-pack": "set"})
    (skipped,) = found(BOTH, [named, update()], entry())
    assert (skipped.kind, "which one isn't recorded" in skipped.text) == ("pack-skipped", True)


def with_outputs(**guard: Any) -> dict[str, Any]:
    """BOTH, with what the program exports as ``guard``."""
    stack = {"urn": "stack", "type": "pulumi:pulumi:Stack", "outputs": {"guard": guard}}
    return state(stack, *BOTH["deployment"]["resources"])


def test_another_pack_and_an_empty_variable_are_told_by_the_programs_own_count() -> None:
    last = noted(with_outputs(withoutPack=1), STARTED, without_pack=1)
    assert found(with_outputs(withoutPack=1), [update(LATER), update()], last) == []
    (skipped,) = found(with_outputs(withoutPack=3), [update(LATER), update()], last)
    assert skipped.text == "2 updates ran with another policy pack or with an empty PULUMI_OPTION_POLICY_PACK"
    # One that the history tells of isn't told of twice.
    (known,) = found(with_outputs(withoutPack=2), [update(LATER, pack=False), update()], last)
    assert "ran without the policy pack" in known.text


def test_a_store_that_nobody_could_ask_for_is_told() -> None:
    account = Account(unasked={urn("receipts"): "receipts: AccessDenied", urn("labels"): "labels: AccessDenied"})
    (told,) = found(BOTH, [update()], entry(), account=account)
    assert (told.kind, told.severity) == ("not-asked", Severity.LOW)
    assert told.text.endswith("receipts: AccessDenied (and 1 more)")


def test_a_stack_without_its_ledger_is_found() -> None:
    around = Surroundings(bucket="points", default_bucket="points")
    (missing,) = audit(BOTH, [update(LATER), update()], None, (), NOW, around=around)
    assert (missing.kind, missing.subject) == ("ledger-missing", "points")
    assert "was updated 2 times before" in missing.text
    # The first update of a stack, which writes the first entry after this.
    assert audit(BOTH, [update()], None, (), NOW, around=replace(around, own=1)) == []
    assert audit(state(), [], None, (), NOW, around=around) == []


@pytest.mark.parametrize(
    ("here", "history", "last"),
    [
        (with_outputs(recoveryBucket="points"), [update()], None),
        (BOTH, [update(LATER, config={"rollback-stack:recoveryBucket": {"value": "new"}}), update()], None),
        (BOTH, [update()], noted(BOTH, STARTED, bucket="points")),
        (BOTH, [update(LATER, config={})], entry()),
    ],
)
def test_another_recovery_bucket_than_the_one_remembered_is_found(
    here: dict[str, Any], history: list[dict[str, Any]], last: Entry | None
) -> None:
    around = Surroundings(bucket="new", default_bucket="points", chain=Chain((last,) if last else ()))
    findings = audit(here, history, last, (), NOW, around=around)
    (moved,) = [each for each in findings if each.kind == "recovery-bucket"]
    assert (moved.severity, moved.subject) == (Severity.HIGH, "points")
    assert moved.text == "the stack's ledger and recovery points lie in points, and its settings name new"


def test_a_bucket_that_moved_on_purpose_is_closed_until_the_next_update_names_another() -> None:
    done = Closed(kind="recovery-bucket", subject="points", by="Ada Byron", reason="moved with all objects")
    here, last = with_outputs(recoveryBucket="points"), noted(BOTH, STARTED, bucket="new", closed=(done,))
    around = Surroundings(bucket="new", default_bucket="points", chain=Chain((last,)))
    kinds = [each.kind for each in audit(here, [update()], last, (), NOW, around=around)]
    assert "recovery-bucket" not in kinds
    kinds = [each.kind for each in audit(here, [update(LATER), update()], last, (), NOW, around=around)]
    assert "recovery-bucket" in kinds


def test_an_entry_of_the_ledger_that_was_changed_stays_found_until_it_is_closed() -> None:
    chain = Chain((entry(),), {"entry 2 abc": "entry 2 of the ledger can't be read"}, 2)
    (changed,) = audit(BOTH, [update()], entry(), (), NOW, around=Surroundings(chain))
    assert (changed.kind, changed.subject) == ("ledger-changed", "entry 2 abc")
    done = Closed(kind="ledger-changed", subject="entry 2 abc", by="Ada Byron", reason="a disk that was full")
    last = noted(BOTH, STARTED, closed=(done,))
    assert audit(BOTH, [update()], last, (), NOW, around=Surroundings(replace(chain, entries=(last,)))) == []


def test_an_approval_of_a_store_that_nobody_knows_is_told_with_the_nearest_name() -> None:
    misspelt = approval("receipt")
    (nameless,) = found(BOTH, [update()], entry(), misspelt)
    assert nameless.kind == "approval-nameless"
    assert nameless.text == f"approval names no store: {urn('receipt')}; did you mean {urn('receipts')}?"
    other = misspelt.model_copy(update={"store": urn("receipts").replace("prod", "dev")})
    assert [each.kind for each in found(BOTH, [update()], entry(), other)] == ["approval-nameless"]
    over = misspelt.model_copy(update={"expires": NOW})
    assert found(BOTH, [update()], entry(), over) == []
    # One that has done its work names a store that the ledger knows.
    chain = Chain((entry(), noted(state(resource("labels")), LATER, removed={urn("receipts"): "Ada"})))
    around = Surroundings(chain, systems=("async-rag",))
    done = [approval("receipts")]
    assert audit(state(resource("labels")), [update(LATER)], chain.last, done, NOW, around=around) == []
    radius = misspelt.model_copy(update={"store": "blast-radius:async", "action": Action.BLAST_RADIUS})
    (unknown,) = audit(BOTH, [update()], entry(), [radius], NOW, around=around)
    assert unknown.text.endswith("did you mean blast-radius:async-rag?")


FUNCTION = "aws:lambda/function:Function"
COMPONENT = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag"
SYSTEM = {"urn": COMPONENT, "custom": False, "type": "rollback:systems:AsyncRag"}


def of_a_loss(store: str, of: str | None = None) -> Approval:
    return approval("receipts").model_copy(update={"store": store, "action": Action.LOSE, "property": of})


def test_an_approval_of_one_property_of_a_component_is_told_while_it_holds() -> None:
    here = state(*TWO, SYSTEM)
    (broad,) = found(here, [update()], entry(here), of_a_loss(COMPONENT, "retentionInDays"))
    assert (broad.kind, broad.severity) == ("approval-broad", Severity.LOW)
    assert broad.text.startswith("every store in async-rag may lose data by its retentionInDays until 2026-11-26 04:00")
    over = of_a_loss(COMPONENT, "retentionInDays").model_copy(update={"expires": NOW})
    assert found(here, [update()], entry(here), over) == []
    assert found(here, [update()], entry(here), of_a_loss(urn("receipts"), "ttl")) == []


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (of_a_loss(COMPONENT), ["approval-nameless"]),
        (of_a_loss(f"{COMPONENT}2", "retentionInDays"), ["approval-nameless"]),
        (of_a_loss(urn("hook", "aws:lambda/function:Function")), []),
        (of_a_loss(urn("hooked", "aws:lambda/function:Function")), ["approval-nameless"]),
        (of_a_loss(urn("role", "aws:iam/role:Role")), ["approval-nameless"]),
        (of_a_loss(urn("new", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")), []),
    ],
)
def test_an_approval_of_a_loss_may_name_what_stands_beside_a_store(given: Approval, kinds: list[str]) -> None:
    role, function = (resource(name, token) for name, token in (("role", "aws:iam/role:Role"), ("hook", FUNCTION)))
    here = state(*TWO, SYSTEM, role, function)
    assert [each.kind for each in found(here, [update()], entry(here), given)] == kinds


def test_the_approval_of_a_component_excuses_nothing_under_it() -> None:
    component = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag"
    bare = state(resource("receipts", protect=False, parent=component), resource("labels"))
    given = approval("receipts").model_copy(update={"store": component})
    kinds = [each.kind for each in found(bare, [update()], entry(bare), given)]
    assert kinds == ["approval-nameless", "unguarded"]
