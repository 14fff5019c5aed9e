"""``rollback guard`` and ``rollback audit``: what they print, write and refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli import rollback
from cli.engine import Engine, Snapshot
from guard import approvals
from guard.command import auditing
from guard.ledger import Ledger
from tests.guard.states import resource, state, urn
from tests.support.typed import with_stack

STACK = {"urn": "stack", "type": "pulumi:pulumi:Stack", "outputs": {"target": {"account": "1"}}}
STATE = state(STACK, resource("receipts"), resource("labels"))
LEFT = Snapshot(STATE, [])


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """prod with two tables, and an empty folder of approvals."""
    monkeypatch.setattr(Engine, "state", lambda _: STATE)
    monkeypatch.setattr(Engine, "history", lambda _: [])
    monkeypatch.setattr(Ledger, "last", lambda _: None)
    for name in ("load", "add", "remove"):
        real: Any = getattr(approvals, name)
        count = 1 if name == "load" else 2
        monkeypatch.setattr(approvals, name, lambda *given, real=real, count=count: real(*given[:count], tmp_path))
    monkeypatch.setattr(auditing, "note_approvals", lambda _: None)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["rollback", *with_stack(words)])
    return rollback.main()


def approve(monkeypatch: pytest.MonkeyPatch, store: str, reason: str = "it is a copy", *more: str) -> int:
    return run(monkeypatch, "guard", "approve", store, "--by", "Ada Byron", "--reason", reason, *more)


def test_an_approval_is_written_and_says_what_comes_next(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(monkeypatch, "receipts") == 0
    said = capsys.readouterr().out
    assert "Ada Byron approves: delete" in said
    assert "next: `rollback up -s prod` unlocks it" in said
    assert run(monkeypatch, "guard", "list", "--output", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["store"], found["action"], found["by"]) == (urn("receipts"), "delete", "Ada Byron")
    given, expires = (datetime.fromisoformat(found[key]) for key in ("given", "expires"))
    assert (expires - given).total_seconds() == 4 * 3600
    assert given <= datetime.now(UTC)


SYSTEM = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag"
RULES = urn("rules", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")


def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state with one store and the component of a system."""
    component = {"urn": SYSTEM, "custom": False, "type": "rollback:systems:AsyncRag"}
    monkeypatch.setattr(Engine, "state", lambda _: state(STACK, component, resource("receipts")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("async-rag", "--property", "retentionInDays"), f"lose by retentionInDays alone in {SYSTEM}"),
        ((SYSTEM, "--property", "retentionInDays"), f"lose by retentionInDays alone in {SYSTEM}"),
        (("receipts", "--property", "ttl"), f"lose by ttl alone in {urn('receipts')}"),
        (("receipts",), f"lose {urn('receipts')}"),
        ((RULES,), f"lose {RULES}"),
    ],
)
def test_a_loss_is_approved_of_a_store_or_by_one_property_of_a_system(
    words: tuple[str, ...],
    said: str,
    stack: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed(monkeypatch)
    assert approve(monkeypatch, words[0], "it is meant to be so", "--action", "lose", *words[1:]) == 0
    assert f"approves: {said}, until" in capsys.readouterr().out
    assert run(monkeypatch, "guard", "list") == 0
    assert said.partition(" urn:")[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("async-rag", "--action", "lose"), "no store 'async-rag'"),
        ((SYSTEM, "--action", "lose"), "no store"),
        (("async-rag", "--action", "delete", "--property", "retentionInDays"), "no store 'async-rag'"),
        (("receipts", "--action", "delete", "--property", "retentionInDays"), "can't be approved of one property"),
        (("async-rag", "--action", "lose", "--property", "retentionInDay"), "nearest: retentionInDays"),
    ],
)
def test_a_component_alone_or_for_a_delete_is_refused(
    words: tuple[str, ...],
    said: str,
    stack: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployed(monkeypatch)
    assert approve(monkeypatch, words[0], "it is meant to be so", *words[1:]) != 0
    assert said in capsys.readouterr().err
    assert list(stack.iterdir()) == []


def test_a_systems_blast_radius_can_be_approved(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(monkeypatch, "blast-radius:async-rag") == 0
    assert run(monkeypatch, "guard", "list") == 0
    assert "blast-radius blast-radius:async-rag" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("store", "reason", "line"),
    [
        ("receipt", "it is a copy", "error: no store 'receipt'; nearest: receipts"),
        ("receipts", "short", "error: approval: --reason is "),
        (urn("other"), "it is a copy", "error: no store 'urn:pulumi:prod::rollback-stack::"),
        ("receipts", "           ", "error: approval: --reason is "),
        ("receipts", "---------", "error: approval: --reason: says nothing"),
        ("blast-radius:async", "it is a copy", "error: unknown system 'async' (did you mean async-rag?)"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    stack: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    store: str,
    reason: str,
    line: str,
) -> None:
    assert approve(monkeypatch, store, reason) == 1
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert len(said.splitlines()) == 1
    assert list(stack.iterdir()) == []


@pytest.mark.parametrize("word", ["receipts", urn("receipts")])
def test_an_approval_is_revoked_by_name_or_urn_and_says_what_comes_next(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    for store, more in (("receipts", ()), ("receipts", ("--action", "replace")), ("labels", ())):
        assert approve(monkeypatch, store, "it is a copy", *more) == 0
    capsys.readouterr()
    assert run(monkeypatch, "guard", "revoke", word, "--action", "replace") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"revoked: replace {urn('receipts')}, which Ada Byron had approved (prod.yaml)",
        "next: `rollback up -s prod` locks it again",
    ]
    assert run(monkeypatch, "guard", "revoke", word) == 0
    assert [given.store for given in approvals.load("prod", stack)] == [urn("labels")]


def test_revoking_what_was_never_approved_is_one_line(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "guard", "revoke", "receipts") == 1
    assert capsys.readouterr().err == "error: nothing is approved in prod\n"
    assert approve(monkeypatch, "labels") == 0
    assert run(monkeypatch, "guard", "revoke", "label") == 1
    assert capsys.readouterr().err.startswith("error: unknown approval of 'label' (did you mean labels?)")
    assert run(monkeypatch, "guard", "revoke", "labels", "--action", "replace") == 1
    assert capsys.readouterr().err == "error: no approval to replace labels: approved is delete\n"


def test_a_blank_name_decides_nothing(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "guard", "approve", "receipts", "--by", "   ", "--reason", "it is a copy") == 1
    assert capsys.readouterr().err.startswith(
        "error: approval: --by is ' '; it has to be text of at least 2 characters"
    )
    assert list(stack.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("retentionInDay", "; nearest: retentionInDays"),
        ("ttl.enable", "; nearest: ttl.enabled"),
        ("retention", "retentionInDays"),
        ("xyzzy", "as far as the guard knows. The refusal names the property to give"),
    ],
)
def test_a_mistyped_property_is_told_with_the_nearest_ones_alone(
    stack: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    words = ("guard", "approve", "receipts", "--by", "Ada", "--reason", "it is a copy", "--action", "lose")
    assert run(monkeypatch, *words, "--property", given) == 1
    line = capsys.readouterr().err
    assert said in line
    assert len(line) < 400
