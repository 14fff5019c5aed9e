"""Stores that left or became others, and what excuses that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from guard.approvals import Action, Approval, digest
from guard.audit import AuditFinding, Severity
from guard.ledger import Entry
from guard.losses import NO_COPY, Account
from guard.sightings import Sighting
from tests.guard.audits import BOTH, LATER, NOW, STARTED, TWO, approval, entry, found, update
from tests.guard.states import noted, resource, state, urn


def test_a_store_that_left_the_state_by_another_update_needs_an_approval_of_old() -> None:
    history = [update(LATER), update()]
    (gone,) = found(state(resource("labels")), history, entry())
    assert gone.kind == "store-gone"
    assert "receipts" in gone.text
    assert found(state(resource("labels")), history, entry(), approval("receipts")) == []


def test_a_store_that_moved_to_another_urn_is_not_gone() -> None:
    moved = resource("receipts", urn=urn("bills"))
    assert found(state(moved, resource("labels")), [update(LATER), update()], entry()) == []


def gone_by(last: Entry, *approvals: Approval, changes: Mapping[str, int] | None = None) -> list[str]:
    """The kinds of findings after an update by which receipts left."""
    told = update(LATER, endTime="2026-11-26T02:31:00.000Z", resourceChanges=changes or {"same": 1, "delete": 1})
    return [each.kind for each in found(state(resource("labels")), [told, update()], last, *approvals)]


def test_only_an_approval_that_held_when_the_store_left_and_is_of_its_delete_excuses_it() -> None:
    hour = timedelta(hours=1)
    held = approval("receipts")
    assert gone_by(entry(), held) == []
    over = held.model_copy(update={"expires": datetime(2026, 11, 26, 2, 10, tzinfo=UTC)})
    later = held.model_copy(update={"given": NOW - hour / 4, "expires": NOW + hour})
    replaced = held.model_copy(update={"action": Action.REPLACE})
    for other in (over, later, replaced, approval("labels")):
        assert gone_by(entry(), other) == ["store-gone"]
    # Long after the update, what held then still does.
    past = held.model_copy(update={"expires": datetime(2026, 11, 26, 2, 40, tzinfo=UTC)})
    assert gone_by(entry(), past) == []


def test_what_was_taken_out_of_the_state_is_excused_by_an_approval_of_that_time() -> None:
    here = state(resource("labels"))
    assert [each.kind for each in found(here, [update()], entry(), approval("receipts"))] == ["state-edited"]
    old = approval("receipts").model_copy(
        update={"given": NOW - timedelta(hours=9), "expires": NOW - timedelta(hours=8)}
    )
    assert [each.kind for each in found(here, [update()], entry(), old)] == ["state-edited", "store-gone"]


GONE = AuditFinding(
    kind="store-gone", severity=Severity.HIGH, text="receipts left", remedy="", subject=urn("receipts"), name="receipts"
)


def test_a_store_that_is_gone_stays_told_of_after_any_number_of_updates() -> None:
    last = noted(state(resource("labels")), LATER, unresolved=(GONE,))
    assert found(state(resource("labels")), [update(LATER)], last) == [GONE]
    assert found(state(resource("labels")), [update(LATER)], last, approval("receipts")) != []
    # Another store under its URN isn't it, as far as anybody knows.
    assert GONE in found(BOTH, [update(LATER)], last)


def test_a_store_that_is_provably_back_is_gone_no_more() -> None:
    seen = {urn("receipts"): Sighting(there=True, instance="first")}
    last = noted(state(resource("labels")), STARTED, unresolved=(GONE,), sightings=seen)
    assert found(BOTH, [update(LATER), update()], last, account=Account(seen)) == []
    other = {urn("receipts"): Sighting(there=True, instance="second")}
    assert found(BOTH, [update(LATER), update()], last, account=Account(other)) == [GONE]


@pytest.mark.parametrize(
    "changes",
    [
        {"outputs": {"arn": "arn:aws:dynamodb:us-west-2:1:table/receipts", "region": "us-west-2"}},
        {"outputs": {"arn": "arn:aws:dynamodb:us-east-1:2:table/receipts", "region": "us-east-1"}},
        {"outputs": {}, "provider": "urn:pulumi:prod::rollback-stack::pulumi:providers:aws::other::id"},
        {"inputs": {"name": "bills"}},
        {"type": "aws:sqs/queue:Queue"},
    ],
)
def test_a_namesake_in_another_place_is_not_the_store_that_moved(changes: dict[str, Any]) -> None:
    other = resource("receipts", **{"urn": urn("bills"), **changes})
    findings = found(state(other, resource("labels")), [update(LATER), update()], entry())
    assert [each.kind for each in findings] == ["store-gone"]


def test_a_store_that_was_there_before_is_not_the_one_that_moved() -> None:
    twin = resource("receipts", urn=urn("twin"))
    findings = found(state(twin, resource("labels")), [update(LATER), update()], noted(state(twin, *TWO), STARTED))
    assert [each.kind for each in findings] == ["store-gone"]


def claim(namespace: str = "one", uid: str = "u1", name: str = "data", **changes: Any) -> dict[str, Any]:
    token = "kubernetes:core/v1:PersistentVolumeClaim"
    metadata = {"name": "data", "namespace": namespace, "uid": uid}
    return resource(name, token, inputs={"metadata": metadata}, outputs={"metadata": metadata}, id="", **changes)


def test_in_a_cluster_the_namespace_and_the_uid_tell_which_store_it_is() -> None:
    before = noted(state(claim()), STARTED)
    history = [update(LATER), update()]
    assert found(state(claim(name="moved")), history, before) == []
    assert [each.kind for each in found(state(claim(name="moved", uid="u2")), history, before)] == ["store-gone"]
    assert [each.kind for each in found(state(claim(uid="u2")), history, before)] == ["store-replaced"]
    assert [each.kind for each in found(state(claim("two", uid="")), history, before)] == ["store-replaced"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "receipts-2", "inputs": {"name": "receipts-2"}, "outputs": {}},
        {"outputs": {"arn": "arn:aws:dynamodb:us-west-2:1:table/receipts", "region": "us-west-2"}},
    ],
)
def test_a_urn_that_leads_to_another_store_needs_the_approval_of_a_replacement(changes: dict[str, Any]) -> None:
    here, history = state(resource("receipts", **changes), resource("labels")), [update(LATER), update()]
    (replaced,) = found(here, history, entry())
    assert replaced.kind == "store-replaced"
    assert "is receipts (arn:aws:dynamodb:us-east-1:1:table/receipts, 1 us-east-1) no more" in replaced.text
    allowed = approval("receipts").model_copy(update={"action": Action.REPLACE})
    assert found(here, history, entry(), allowed) == []
    assert len(found(here, history, entry(), approval("receipts"))) == 1


def test_a_database_that_is_renamed_in_place_is_the_same_one() -> None:
    token = "aws:rds/instance:Instance"
    old, new = (
        resource("db", token, id=name, inputs={"identifier": name}, outputs={"arn": f"a:{name}", "resourceId": "db-1"})
        for name in ("db", "db-new")
    )
    assert found(state(new), [update(LATER), update()], noted(state(old), STARTED)) == []


def sighted(created: int = 0, *, holds: int | None = 8, **changes: Any) -> Sighting:
    return Sighting(**{"there": True, "created": NOW - timedelta(days=9 - created), "holds": holds, **changes})


def seen_now(first: Sighting | None, now: Sighting, *approvals: Approval, **changes: Any) -> list[str]:
    """The kinds of findings where the account says ``now`` and said ``first`` at the last entry."""
    sightings = {urn("receipts"): first} if first else {}
    here = state(resource("receipts", **changes), resource("labels"))
    last = noted(state(resource("receipts", created="2026-01-01T00:00:00Z"), resource("labels")), STARTED)
    last = last.model_copy(update={"sightings": sightings})
    account = Account({urn("receipts"): now}, restore=lambda store: f"restore {store.name}")
    return [each.kind for each in found(here, [update(LATER), update()], last, *approvals, account=account)]


def test_a_store_that_was_emptied_and_made_anew_is_found() -> None:
    assert seen_now(sighted(), sighted()) == []
    assert seen_now(sighted(), sighted(1, holds=0)) == ["store-remade"]
    assert seen_now(sighted(instance="a"), sighted(instance="b", holds=8)) == ["store-remade"]
    assert seen_now(sighted(), sighted(holds=0)) == ["store-emptied"]
    assert seen_now(sighted(), Sighting(there=False)) == ["store-missing"]
    # By the engine's own note of when it made the store, where no earlier entry has asked the account.
    assert seen_now(None, sighted(), created="2026-11-26T02:31:00Z") == ["store-remade"]
    # It was imported again: the engine made a note, and the account says that it is the same.
    assert seen_now(sighted(), sighted(), created="2026-11-26T02:31:00Z") == []


def test_a_replacement_that_was_approved_makes_a_store_anew() -> None:
    allowed = approval("receipts").model_copy(update={"action": Action.REPLACE})
    assert seen_now(sighted(), sighted(1), allowed) == []
    assert seen_now(sighted(), sighted(1), approval("labels")) == ["store-remade"]


def test_the_date_of_a_bucket_alone_proves_nothing() -> None:
    token = "aws:s3/bucket:Bucket"
    first, here = noted(state(resource("b", token)), STARTED), state(resource("b", token))
    for holds, kinds in ((1, []), (0, ["store-remade"])):
        last = first.model_copy(update={"sightings": {urn("b", token): sighted(holds=1)}})
        account = Account({urn("b", token): sighted(2, holds=holds)})
        assert [each.kind for each in found(here, [update(LATER), update()], last, account=account)] == kinds


def test_the_versioning_of_a_bucket_goes_with_the_approval_of_its_bucket() -> None:
    bucket, token = resource("files", "aws:s3/bucket:Bucket"), "aws:s3/bucketVersioning:BucketVersioning"
    belt = resource("files", token, inputs={"bucket": "files"}, parent=bucket["urn"])
    given = approval("files").model_copy(update={"store": bucket["urn"]})
    last = noted(state(bucket, belt), STARTED)
    assert found(state(), [update(LATER), update()], last, given) == []
    assert len(found(state(), [update(LATER), update()], last)) == 2


def leading_to(command: str | None) -> Callable[[Any], str | None]:
    """What an account says brings any store back."""
    return lambda _: command


@pytest.mark.parametrize(
    ("now", "copied", "without"),
    [
        (
            Sighting(there=False),
            "restore it before any update makes an empty one: `restore receipts`",
            f"{NO_COPY}. Where its items may be gone, `pulumi up --refresh -s prod` makes an empty one",
        ),
        (sighted(1, holds=0), "bring its items back: `restore receipts`", NO_COPY),
        (sighted(holds=0), "where that wasn't meant: `restore receipts`", f"where that wasn't meant: {NO_COPY}"),
    ],
)
def test_the_remedy_of_a_lost_store_leads_to_a_copy_or_says_that_there_is_none(
    now: Sighting, copied: str, without: str
) -> None:
    here = state(resource("receipts"))
    last = noted(here, STARTED).model_copy(update={"sightings": {urn("receipts"): sighted()}})
    for command, remedy in (("`restore receipts`", copied), (None, without)):
        account = Account({urn("receipts"): now}, restore=leading_to(command))
        (finding,) = found(here, [update(LATER), update()], last, account=account)
        assert finding.remedy == remedy


def test_an_approval_that_the_ledger_did_not_know_excuses_no_edit_of_the_state() -> None:
    """It says by its own text since when it holds: a backdated one would excuse what went before it was given."""
    given = approval("labels")
    here, before = state(resource("receipts")), BOTH
    for known, kinds in (((), ["store-gone"]), ((digest(given),), []), (None, [])):
        last = noted(before, STARTED, approvals=known)
        gone = [each.kind for each in found(here, [update()], last, given) if each.kind == "store-gone"]
        assert gone == kinds, known


def test_a_changed_date_makes_another_approval() -> None:
    given = approval("labels")
    assert digest(given) == digest(given.model_copy())
    assert digest(given) != digest(given.model_copy(update={"given": given.given - timedelta(days=1)}))
