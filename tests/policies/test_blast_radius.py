"""Blast radius: bounds by number and by share, per system, and approvals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from guard.approvals import Action
from guard.marks import PLAN
from policies.subject import UNKNOWN, Resource
from tests.policies.cases import FACTS, configured, make, said
from tests.policies.test_durable import approval


def plan(removed: int, replaced: int = 0, before: int = 1_000) -> Resource:
    return make(PLAN, props={"systems": {"files": {"before": before, "removed": removed, "replaced": replaced}}})


def test_a_small_update_passes_and_a_large_one_is_told_with_its_figures() -> None:
    assert said("blast-radius", plan(20)) == []
    (text,) = said("blast-radius", plan(15, 6))
    assert "files: 15 of 1000 resources would be deleted and 6 replaced (2 %)" in text
    assert "more than 20 resources" in text
    assert "approve blast-radius:files" in text


def test_the_share_of_a_small_system_counts_too() -> None:
    assert "more than 20 %" in said("blast-radius", plan(5, before=10))[0]
    assert said("blast-radius", plan(5, before=25)) == []
    assert said("blast-radius", plan(4, before=4)) == []


def test_a_first_update_and_a_program_without_figures_take_nothing_away() -> None:
    assert said("blast-radius", plan(0, before=0)) == []
    assert said("blast-radius", make(PLAN)) == []
    assert said("blast-radius", make(PLAN, props={"systems": UNKNOWN})) == []
    assert said("blast-radius", make("aws:sns/topic:Topic")) == []


def test_one_system_may_have_bounds_of_its_own() -> None:
    config: dict[str, Any] = {"systems": {"files": {"maxDeletes": 500, "maxPercent": 50}}}
    assert said("blast-radius", plan(500), config) == []
    assert said("blast-radius", plan(501), config) != []


def test_an_approval_lets_one_system_through() -> None:
    approved = replace(FACTS, approvals=(approval("blast-radius:files", Action.BLAST_RADIUS),))
    assert said("blast-radius", plan(900), facts=approved) == []
    other = replace(FACTS, approvals=(approval("blast-radius:other", Action.BLAST_RADIUS),))
    assert said("blast-radius", plan(900), facts=other) != []
    wrong = replace(FACTS, approvals=(approval("urn:pulumi:prod::p::t::files", Action.DELETE),))
    assert said("blast-radius", plan(900), facts=wrong) != []


@pytest.mark.parametrize("config", [{"maxDeletes": -1}, {"maxPercent": 100.5}, {"systems": {"files": {"max": 1}}}])
def test_bounds_are_bounded(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        configured("blast-radius", config)


FEW_OR_MANY = st.integers(0, 10) | st.integers(0, 500)


@given(FEW_OR_MANY, FEW_OR_MANY, st.integers(0, 2_000), st.integers(0, 1_000), st.floats(0, 100), st.integers(0, 20))
@example(removed=0, replaced=4, before=4, most=20, share=0.0, few=5)
@example(removed=1, replaced=4, before=4, most=20, share=0.0, few=5)
def test_it_is_the_bounds_alone_that_decide(
    removed: int, replaced: int, before: int, most: int, share: float, few: int
) -> None:
    lost = removed + replaced
    over = lost > most or (lost >= few and before > 0 and 100 * lost / before > share)
    config = {"maxDeletes": most, "maxPercent": share, "percentFrom": few}
    assert bool(said("blast-radius", plan(removed, replaced, before), config)) is over


def test_what_was_approved_when_the_plan_was_made_stays_approved_in_it() -> None:
    figures = {"before": 1_000, "removed": 900, "replaced": 0, "approval": {"by": "Ada Byron"}}
    assert said("blast-radius", make(PLAN, props={"systems": {"files": figures}})) == []
