"""``rollback audit`` and ``rollback guard close``, and what an update notes in the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import rollback
from cli.engine import Engine, Snapshot
from cli.watched import watched
from core.errors import ServiceError
from guard import approvals, pack
from guard.command import auditing
from guard.findings import AuditFinding, Severity
from guard.ledger import Chain, Entry
from guard.sightings import Sighting
from stacks.file import read
from tests.guard.states import noted, resource, state, urn
from tests.support.typed import with_stack

STARTED, LATER = "2026-11-26T02:00:00.000Z", "2026-11-26T02:30:00.000Z"
STACK = {"urn": "stack", "type": "pulumi:pulumi:Stack", "outputs": {"target": {"account": "1"}}}
STATE = state(STACK, resource("receipts"), resource("labels"))
LEFT = Snapshot(STATE, [])
SEEN = {urn(name): Sighting(there=True, instance=name, holds=8) for name in ("receipts", "labels")}


class Book:
    """A ledger in this process."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.left = LEFT

    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else None

    def read(self) -> Chain:
        return Chain(tuple(self.entries), {}, len(self.entries))

    def add(self, new: Entry) -> None:
        assert new.number == len(self.entries) + 1
        self.entries.append(new)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Book:
    """prod with two tables, its ledger, an account that says that both are there, and no approvals."""
    book = Book()
    load = approvals.load
    monkeypatch.setattr(approvals, "load", lambda stack: load(stack, tmp_path))
    monkeypatch.setattr(Engine, "snapshot", lambda _: book.left)
    monkeypatch.setattr(auditing, "ledger", lambda _: book)
    monkeypatch.setattr(auditing, "look", lambda known, *_: ({store.urn: SEEN[store.urn] for store in known}, {}))
    monkeypatch.setattr(auditing, "restoring", lambda store, *_: f"rollback recovery restore 1 --to {store.name}")

    monkeypatch.setattr("core.aws.account", lambda _: "1")
    return book


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["rollback", *with_stack(words)])
    return rollback.main()


def update(start: str, **changes: int) -> dict[str, Any]:
    environment = {"pulumi.env.PULUMI_OPTION_POLICY_PACK": "set"}
    told = {"kind": "update", "result": "succeeded", "startTime": start, "endTime": start, "environment": environment}
    return {**told, "resourceChanges": changes}


def test_the_audit_exits_with_1_for_what_is_high_and_notes_what_is_in_order(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.left = Snapshot(state(STACK, resource("receipts", protect=False), resource("labels")), [])
    assert run(monkeypatch, "audit") == 1
    assert capsys.readouterr().out.splitlines() == [
        f"high unguarded: receipts has no protection in the state ({urn('receipts')})",
        "     `rollback up -s prod` brings the guard back",
    ]
    assert book.entries == []
    book.left = LEFT
    assert run(monkeypatch, "audit") == 0
    assert "2 durable stores, all guarded" in capsys.readouterr().out
    (noted_,) = book.entries
    assert (noted_.result, noted_.sightings, noted_.pack) == ("seen", SEEN, pack.digest())


def test_the_audit_of_an_update_that_is_under_way_notes_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.left = replace(LEFT, locked=True)
    assert run(monkeypatch, "audit") == 0
    assert capsys.readouterr().out.startswith("low  unfinished: an update is under way or was killed")
    assert book.entries == []


@pytest.mark.parametrize(("locked", "resumed"), [(True, False), (False, True)])
def test_an_update_that_was_killed_is_no_edit_of_the_state(
    book: Book, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, locked: bool, resumed: bool
) -> None:
    monkeypatch.setitem(SEEN, urn("other"), Sighting(there=True))
    book.entries = [noted(STATE, None)]
    grown = Snapshot(state(STACK, resource("receipts"), resource("labels"), resource("other")), [], locked=locked)
    auditing.note_update(watched(read("prod")), grown, 1, "1", resumed=resumed)
    assert capsys.readouterr().out == ""
    book.entries = [noted(STATE, None)]
    auditing.note_update(watched(read("prod")), replace(grown, locked=False), 1, "1", resumed=False)
    assert capsys.readouterr().out.startswith("high state-edited: the state was edited outside of any update")


def test_an_update_stands_where_the_ledger_cant_be_written(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: Entry) -> None:
        raise ServiceError("the bucket says no")

    monkeypatch.setattr(book, "add", refused)
    auditing.note_update(watched(read("prod")), LEFT, 0, "1", resumed=False)
    assert capsys.readouterr().err.startswith("warning: the ledger of prod has no entry for this update")


def test_nothing_is_noted_in_an_account_that_isnt_the_stacks_own(book: Book) -> None:
    auditing.note_update(watched(read("prod")), LEFT, 1, "2", resumed=False)
    assert book.entries == []
    auditing.note_update(watched(read("prod")), LEFT, 0, "1", resumed=False)
    (entry,) = book.entries
    assert (entry.account, entry.bucket, entry.pack) == ("1", "rollback-stack-recovery", pack.digest())


def test_a_store_that_is_gone_is_told_after_every_update_until_a_person_closes_it(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, without = read("prod"), state(STACK, resource("labels"))
    auditing.note_update(watched(settings), Snapshot(STATE, [update(STARTED, create=2)]), 0, "1", resumed=False)
    assert capsys.readouterr().out == ""
    for start in (LATER, f"{LATER}1", f"{LATER}2"):
        book.left = Snapshot(without, [update(start, same=1), update(STARTED, create=2)])
        auditing.note_update(watched(settings), book.left, 0, "1", resumed=False)
        said = capsys.readouterr().out
        assert said.startswith("high store-gone: receipts left the state without an approval")
        assert "to close it: rollback guard close 'receipts' --by NAME --reason TEXT -s prod" in said
        assert run(monkeypatch, "audit") == 1
        capsys.readouterr()
    words = ("guard", "close", "receipts", "--by", "Ada Byron", "--reason")
    assert run(monkeypatch, *words, "      ") == 1
    assert capsys.readouterr().err.startswith("error: closing: --reason")
    assert run(monkeypatch, *words, "moved to the archive account") == 0
    assert capsys.readouterr().out.startswith("closed: store-gone: receipts left the state")
    assert [(each.subject, each.by) for each in book.entries[-1].closed] == [(urn("receipts"), "Ada Byron")]
    assert run(monkeypatch, "audit") == 0
    auditing.note_update(watched(settings), book.left, 0, "1", resumed=False)
    assert "receipts" not in capsys.readouterr().out


def test_closing_one_finding_hides_no_other(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.entries = [noted(STATE, STARTED)]
    book.left = Snapshot(state(STACK), [update(STARTED, create=2)])
    assert run(monkeypatch, "guard", "close", "receipts", "--by", "Ada Byron", "--reason", "it was a copy") == 0
    capsys.readouterr()
    assert run(monkeypatch, "audit", "--output", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["kind"], each["name"]) for each in found] == [("state-edited", ""), ("store-gone", "labels")]


def test_what_isnt_found_cant_be_closed(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--by", "Ada Byron", "--reason", "it was a copy")
    assert run(monkeypatch, "guard", "close", "receipts", *words) == 1
    assert capsys.readouterr().err.startswith("error: prod has no finding that a person has to close")
    book.entries = [noted(STATE, STARTED)]
    book.left = Snapshot(state(STACK, resource("labels")), [update(LATER, same=1), update(STARTED, create=2)])
    assert run(monkeypatch, "guard", "close", "receipt", *words) == 1
    assert capsys.readouterr().err.startswith("error: unknown finding 'receipt' (did you mean receipts?)")


def test_the_approval_by_which_a_store_left_is_kept_and_goes_on_to_excuse_it(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.entries = [noted(STATE, STARTED)]
    given = approvals.Approval.model_validate(
        {
            "store": urn("receipts"),
            "action": "delete",
            "by": "Ada Byron",
            "reason": "it is a copy",
            "given": "2026-11-26T02:00:00Z",
            "expires": "2026-11-26T03:00:00Z",
        }
    )
    monkeypatch.setattr(approvals, "load", lambda _: (given,))
    book.left = Snapshot(state(STACK, resource("labels")), [update(LATER, delete=1), update(STARTED, create=2)])
    auditing.note_update(watched(read("prod")), book.left, 0, "1", resumed=False)
    assert book.entries[-1].removed == {urn("receipts"): "Ada Byron: it is a copy"}
    monkeypatch.setattr(approvals, "load", lambda _: ())
    assert run(monkeypatch, "audit") == 0
    assert "receipts" not in capsys.readouterr().out


def test_a_store_that_was_remade_is_told_with_the_command_that_restores_it(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.entries = [noted(STATE, STARTED, sightings=SEEN)]
    book.left = Snapshot(STATE, [update(LATER, create=1), update(STARTED, create=2)])
    empty = {**SEEN, urn("receipts"): Sighting(there=True, instance="another", holds=0)}
    monkeypatch.setattr(auditing, "look", lambda *_: (empty, {}))
    auditing.note_update(watched(read("prod")), book.left, 0, "1", resumed=False)
    said = capsys.readouterr().out
    assert said.startswith("high store-remade: receipts held 8 items and was made anew")
    assert "rollback recovery restore 1 --to receipts" in said
    assert run(monkeypatch, "audit") == 1
    assert run(monkeypatch, "guard", "close", "receipts", "--by", "Ada Byron", "--reason", "restored it today") == 0
    assert run(monkeypatch, "audit") == 0


def test_an_update_that_changes_nothing_asks_the_account_for_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    book.entries = [noted(STATE, STARTED, sightings=SEEN)]
    monkeypatch.setattr(auditing, "look", lambda *_: pytest.fail("asked"))
    auditing.note_update(
        watched(read("prod")), Snapshot(STATE, [update(LATER, same=2), update(STARTED)]), 0, "1", resumed=False
    )
    assert book.entries[-1].sightings == SEEN


def test_another_recovery_bucket_by_one_line_of_settings_is_told_and_stays(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read("prod", {"rollback-stack:recoveryBucket": "another-bucket"})
    moved = {**update(LATER, same=2), "config": {"rollback-stack:recoveryBucket": {"value": "another-bucket"}}}
    book.left = Snapshot(STATE, [moved, update(STARTED, create=2)])
    auditing.note_update(watched(settings), book.left, 0, "1", resumed=False)
    assert "lie in rollback-stack-recovery, and its settings name another-bucket" in capsys.readouterr().out
    monkeypatch.setattr("cli.watched.read", lambda _: settings)
    assert run(monkeypatch, "audit") == 1


def test_updates_without_the_pack_are_told_by_the_next_update(book: Book, capsys: pytest.CaptureFixture[str]) -> None:
    book.entries = [noted(STATE, STARTED, sightings=SEEN)]
    bare = {**update(LATER, same=2), "environment": {}}
    snapshot = Snapshot(STATE, [update(f"{LATER}1", same=2), bare, update(STARTED, create=2)])
    auditing.note_update(watched(read("prod")), snapshot, 0, "1", resumed=False)
    assert "low  pack-skipped" in capsys.readouterr().out


def test_findings_name_their_severity(capsys: pytest.CaptureFixture[str]) -> None:
    auditing.show([AuditFinding(kind="x", severity=Severity.LOW, text="one", remedy="two")], "prod")
    assert capsys.readouterr().out == "low  x: one\n     two\n"


def given_to(store: str) -> approvals.Approval:
    now = datetime.now(UTC)
    return approvals.Approval(
        store=urn(store),
        action=approvals.Action.DELETE,
        by="Ada Byron",
        reason="it is a copy",
        given=now - timedelta(minutes=5),
        expires=now + timedelta(hours=4),
    )


def test_new_approvals_are_an_entry_before_anything_goes_by_them(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    auditing.note_approvals(watched(read("prod")))
    assert book.entries == [], "there are none"
    given = given_to("labels")
    monkeypatch.setattr(approvals, "load", lambda _: (given,))
    auditing.note_approvals(watched(read("prod")))
    assert book.entries == [], "a ledger begins with an update"
    book.entries.append(noted(STATE, STARTED, sightings=SEEN, removed={"x": "y"}))
    auditing.note_approvals(watched(read("prod")))
    auditing.note_approvals(watched(read("prod")))
    assert [each.result for each in book.entries] == ["succeeded", "approved"]
    assert book.entries[-1].approvals == (approvals.digest(given),)
    assert (book.entries[-1].removed, book.entries[-1].sightings) == ({}, SEEN)


@pytest.mark.parametrize("known", [True, False])
def test_an_approval_that_is_written_after_an_edit_of_the_state_excuses_nothing(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: bool
) -> None:
    given = given_to("labels")
    told = (approvals.digest(given),) if known else ()
    book.entries.append(noted(STATE, None, sightings=SEEN, approvals=told))
    book.left = Snapshot(state(STACK, resource("receipts")), [])
    monkeypatch.setattr(approvals, "load", lambda _: (given,))
    run(monkeypatch, "audit")
    assert ("store-gone: labels" in capsys.readouterr().out) is not known
