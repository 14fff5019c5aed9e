"""Approvals: whom they name, how long they hold, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from guard.approvals import Action, Approval, add, find, load
from stacks.model import ConfigurationError

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
        {"given": datetime(2026, 11, 26)},
        {"unknown": 1},
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
    [("- store: [", "approvals of prod"), ("- {}", "store is missing"), ("x: 1", "approvals of prod: approvals")],
)
def test_a_malformed_file_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "prod.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=said) as refused:
        load("prod", tmp_path)
    assert "\n" not in str(refused.value)
