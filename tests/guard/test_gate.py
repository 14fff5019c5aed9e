"""The gate: before a destroy deletes anything, every store has to be allowed to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.gate import TARGET, Gate, chosen, refusal
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

    gate = Gate(hook(tmp_path), every, {})
    for _ in range(3):
        with pytest.raises(GuardError, match="must not be deleted"):
            gate.decide()
    assert asked == ["all"]


def test_what_stands_beside_other_peoples_stores_is_asked_about_as_well(tmp_path: Path) -> None:
    said = refusal(hook(tmp_path), [], ["lock would lose data"]) or ""
    assert said.startswith("1 companion of other people's stores must not be deleted, so nothing was deleted.")
    assert said.endswith("\nlock would lose data")
    both = refusal(hook(tmp_path), stores("receipts"), ["lock would lose data"]) or ""
    assert both.startswith("1 of 1 durable stores must not be deleted and 1 companion of")


def test_a_refusal_says_how_one_resource_goes_alone(tmp_path: Path) -> None:
    said = refusal(hook(tmp_path), stores("receipts")) or ""
    assert "PULUMI_OPTION_TARGET=URN pulumi destroy --run-program" in said
    assert "pulumi up --replace URN" in said


ALONE = "urn:pulumi:dev::p::aws:sns/topic:Topic::news"


@pytest.mark.parametrize(
    ("named", "wanted"),
    [
        ("", set()),
        (ALONE, {ALONE}),
        (f"{ALONE},{ALONE}2", {ALONE, f"{ALONE}2"}),
        ("**Topic::news", set()),
        (f"{ALONE}*", set()),
        ("news", set()),
    ],
)
def test_only_what_is_named_by_a_plain_urn_goes_alone(named: str, wanted: set[str]) -> None:
    assert chosen({TARGET: named}) == wanted
