"""The gate: before a destroy deletes anything, every store has to be allowed to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.gate import Gate, refusal
from guard.hook import GuardError
from guard.store import Store
from tests.guard.states import TABLE, urn
from tests.guard.test_hook import approve, hook


def stores(*names: str) -> list[Store]:
    return [Store(urn(name), TABLE, name, "shared", {}) for name in names]


def test_one_store_that_nobody_let_go_refuses_it_all(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    said = refusal(hook(tmp_path), stores("receipts", "labels")) or ""
    assert said.startswith("1 of 2 durable stores must not be deleted, so nothing was deleted.")
    assert "rollback guard approve labels --action delete" in said
    assert "receipts" not in said


def test_an_approved_store_without_a_recovery_point_refuses_it_as_well(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    assert "no copy" in (refusal(hook(tmp_path, "no copy"), stores("receipts")) or "")


def test_what_was_approved_and_copied_goes(tmp_path: Path) -> None:
    approve(tmp_path, urn("receipts"))
    assert refusal(hook(tmp_path), stores("receipts")) is None


def test_many_refusals_are_counted(tmp_path: Path) -> None:
    assert (refusal(hook(tmp_path), stores(*"abcdefg")) or "").endswith("… and 4 more")


def test_all_stores_are_asked_about_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def every() -> list[Store]:
        asked.append("all")
        return stores("receipts")

    gate = Gate(hook(tmp_path), every, lambda urn: None)
    for _ in range(3):
        with pytest.raises(GuardError, match="must not be deleted"):
            gate.decide()
    assert asked == ["all"]
