"""Approvals: whom they name, how long they hold, and what is refused."""

from __future__ import annotations

import errno
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import ValidationError

from core.model import ConfigurationError
from guard import approvals
from guard.approvals import Action, Approval, add, find, load, remove
from guard.decision import concerning

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
URN = "urn:pulumi:prod::rollback-stack::aws:dynamodb/table:Table::receipts"


def approval(**changes: Any) -> Approval:
    given: dict[str, Any] = {
        "store": URN,
        "action": Action.DELETE,
        "by": "Ada Byron",
        "reason": "replaced by another table",
        "given": NOW,
        "expires": NOW + timedelta(hours=4),
    }
    return Approval(**{**given, **changes})


def test_an_approval_holds_for_its_deed_and_its_time_alone() -> None:
    given = approval()
    assert given.covers(URN, Action.DELETE, NOW)
    assert not given.covers(URN, Action.REPLACE, NOW)
    assert not given.covers(f"{URN}2", Action.DELETE, NOW)
    assert not given.covers(URN, Action.DELETE, NOW - timedelta(seconds=1))
    assert not given.covers(URN, Action.DELETE, NOW + timedelta(hours=4))


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": NOW},
        {"expires": NOW + timedelta(days=8)},
        {"by": ""},
        {"reason": "why"},
        {"by": "   "},
        {"by": "--"},
        {"by": "\u200b\u200b\u200b"},
        {"by": "Ada\nByron"},
        {"reason": "          "},
        {"reason": "-----------"},
        {"store": "receipts"},
        {"store": "urn:pulumi:prod::rollback-stack::"},
        {"store": "blast-radius:async-rag"},
        {"action": Action.BLAST_RADIUS},
        {"given": datetime(2026, 11, 26)},
        {"expires": 1_796_040_000},
        {"expires": "1796040000"},
        {"unknown": 1},
        {"property": "retentionInDays"},
        {"action": Action.REPLACE, "property": "retentionInDays"},
        {"action": Action.LOSE, "property": ""},
        {"action": Action.LOSE, "property": "*"},
        {"action": Action.LOSE, "property": "retention in days"},
    ],
)
def test_what_is_no_decision_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        approval(**changes)


def test_what_is_written_is_read_again_and_a_second_decision_takes_the_firsts_place(tmp_path: Path) -> None:
    assert load("prod", tmp_path) == ()
    add("prod", approval(), tmp_path)
    add("prod", approval(action=Action.REPLACE), tmp_path)
    path = add("prod", approval(by="Grace Hopper"), tmp_path)
    found = load("prod", tmp_path)
    assert [(each.by, each.action) for each in found] == [
        ("Ada Byron", Action.REPLACE),
        ("Grace Hopper", Action.DELETE),
    ]
    assert path.read_text().startswith("#")
    assert find(found, URN, Action.DELETE, NOW) == found[1]
    assert load("dev", tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"- store: [", "approvals of prod"),
        (b"- {}", "store is missing"),
        (b"x: 1", "approvals of prod: approvals"),
        (b"false", "approvals of prod: approvals"),
        (b"{}", "approvals of prod: approvals"),
        (b"just a text", "approvals of prod: approvals"),
        (b"- store: a\n  by: Ada\n  store: b", "approvals of prod: line 3: store is given twice"),
        (b"- action: delete\n  action: replace", "action is given twice"),
        (b"- given: 2026-99-99", "a value can't be read"),
        ("- by: Andr\u00e9".encode("latin-1"), "line 1 isn't UTF-8"),
        (b"\xef\xbb\xbf- by: Ada", "byte order mark"),
        ("- by: Ada".encode("utf-16"), "byte order mark"),
        (b"- by: A\x00da", "the character #x0000 isn't allowed"),
        (b"#" * (1 << 20) + b"\n[]", "larger than 1 MiB"),
        (b"[" * 4000, "can't be read"),
    ],
)
def test_a_malformed_file_is_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "prod.yaml").write_bytes(text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load("prod", tmp_path)
    assert "\n" not in str(refused.value)


def test_names_and_reasons_are_kept_without_blanks_around_them() -> None:
    given = approval(by="  Ada Byron ", reason=" it is a copy ")
    assert (given.by, given.reason) == ("Ada Byron", "it is a copy")


def test_an_approval_that_is_taken_back_leaves_the_others(tmp_path: Path) -> None:
    first, second = approval(), approval(action=Action.REPLACE)
    for given in (first, second):
        add("prod", given, tmp_path)
    remove("prod", [first], tmp_path)
    assert load("prod", tmp_path) == (second,)


def test_an_approval_held_in_a_span_of_time_or_didnt() -> None:
    given, hour = approval(), timedelta(hours=1)
    assert given.held(URN, Action.DELETE, NOW - hour, NOW)
    assert given.held(URN, Action.DELETE, NOW + 3 * hour, NOW + 9 * hour)
    assert not given.held(URN, Action.DELETE, NOW - 2 * hour, NOW - hour)
    assert not given.held(URN, Action.DELETE, NOW + 4 * hour, NOW + 5 * hour)
    assert not given.held(URN, Action.REPLACE, NOW, NOW)


BUCKET = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag$aws:s3/bucket:Bucket::files"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


@pytest.mark.parametrize(
    ("token", "parent", "frees"),
    [
        (VERSIONING, BUCKET, True),
        (VERSIONING, "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag", False),
        (VERSIONING, None, False),
        (VERSIONING, "nonsense", False),
        ("aws:dynamodb/table:Table", "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag", False),
        ("aws:dynamodb/table:Table", BUCKET, False),
        ("aws:sns/topic:Topic", BUCKET, False),
    ],
)
def test_only_the_bucket_above_its_versioning_lets_it_go(token: str, parent: str | None, frees: bool) -> None:
    assert concerning(URN, token, parent) == ((URN, parent) if frees else (URN,))


def test_what_was_revoked_is_not_written_again_by_a_command_beside(tmp_path: Path) -> None:
    """Both read the file, and the one that approves something else writes last."""
    add("prod", approval(), tmp_path)
    begun = threading.Event()

    def slow(stack: str, folder: Path) -> Any:
        found = load(stack, folder)
        begun.set()
        time.sleep(0.2)
        return found

    def approve() -> None:
        with patch.object(approvals, "load", slow):
            add("prod", approval(store=f"{URN}-2"), tmp_path)

    aside = threading.Thread(target=approve)
    aside.start()
    assert begun.wait(5)
    remove("prod", [approval()], tmp_path)
    aside.join()
    assert [each.store for each in load("prod", tmp_path)] == [f"{URN}-2"]


def test_a_disk_that_is_full_leaves_the_approvals_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add("prod", approval(), tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        add("prod", approval(store=f"{URN}-2"), tmp_path)
    assert [each.store for each in load("prod", tmp_path)] == [URN]


def test_an_approval_of_one_property_is_about_no_deed_as_a_whole() -> None:
    part = approval(action=Action.LOSE, property="retentionInDays")
    assert not any(part.covers(URN, action, NOW) for action in Action)
    assert part.covers_part([URN], "retentionInDays", NOW)
    assert not part.covers_part([URN], "deletionProtectionEnabled", NOW)
    assert not part.covers_part([f"{URN}2"], "retentionInDays", NOW)
    assert not part.covers_part([URN], "retentionInDays", NOW + timedelta(hours=4))
    assert not approval(action=Action.LOSE).covers_part([URN], "retentionInDays", NOW)


def test_two_properties_of_one_store_are_two_approvals(tmp_path: Path) -> None:
    for name in ("retentionInDays", "deletionProtectionEnabled", "retentionInDays"):
        add("prod", approval(action=Action.LOSE, property=name), tmp_path)
    add("prod", approval(action=Action.LOSE), tmp_path)
    found = [each.property for each in load("prod", tmp_path)]
    assert found == ["deletionProtectionEnabled", "retentionInDays", None]
    assert (tmp_path / "prod.yaml").read_text().count("property:") == 2
