"""Systems move one after the other, in the order of the newer release, and back in reverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ConfigurationError
from stacks.rollout_order import Transition, turns

NAMES = ("a", "b", "c", "d", "e")
OLD, NEW = "v1.2.9", "v1.10.0"


def test_what_does_not_move_and_what_is_new_comes_first_together() -> None:
    moves = [Transition("a", OLD, OLD), Transition("b", None, NEW), Transition("c", OLD, NEW)]
    assert turns(moves, lambda _: {"b": ("c",)}) == [["a", "b"], ["c"]]


def test_a_first_deployment_is_one_turn() -> None:
    assert turns([Transition(name, None, NEW) for name in NAMES], lambda _: {"a": ("b",)}) == [list(NAMES)]


def test_the_way_back_is_the_reverse() -> None:
    after = {NEW: {"a": ("b",), "b": ("c",)}, OLD: {"c": ("a",)}}
    forward = turns([Transition(name, OLD, NEW) for name in "abc"], lambda version: after[version])
    back = turns([Transition(name, NEW, OLD) for name in "abc"], lambda version: after[version])
    assert forward == [["c"], ["b"], ["a"]]
    assert back == list(reversed(forward))


def test_versions_are_compared_as_numbers() -> None:
    assert Transition("a", "v1.9.0", "v1.10.0").newer == "v1.10.0"
    assert not Transition("a", "v1.9.0", "v1.10.0").back


def test_systems_that_would_wait_for_each_other_are_refused() -> None:
    after = {NEW: {"a": ("b",)}, "v2.0.0": {"b": ("a",)}}
    with pytest.raises(ConfigurationError, match="move them one by one"):
        turns([Transition("a", OLD, NEW), Transition("b", OLD, "v2.0.0")], lambda version: after[version])


pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] < pair[1]))


@given(pairs, st.sets(st.sampled_from(NAMES), min_size=1), st.booleans())
def test_every_declared_pair_is_kept_whoever_moves(edges: list[tuple[str, str]], moving: set[str], back: bool) -> None:
    after: dict[str, tuple[str, ...]] = {}
    for first, second in edges:
        after[second] = (*after.get(second, ()), first)
    ends = (NEW, OLD) if back else (OLD, NEW)
    found = turns([Transition(name, *(ends if name in moving else (OLD, OLD))) for name in NAMES], lambda _: after)
    assert sorted(name for turn in found for name in turn) == list(NAMES)
    place = {name: number for number, turn in enumerate(found) for name in turn}
    assert all(len(turn) == 1 for turn in found if moving & set(turn))
    for first, second in edges:
        if {first, second} <= moving:
            assert (place[first] < place[second]) is not back
