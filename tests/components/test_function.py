"""Which version an alias points at: the same one whenever the same code and configuration come back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.parts.function import decide, fingerprint, remember


def update(memory: dict[str, Any] | None, wanted: str, newest: list[str]) -> tuple[dict[str, Any], str, bool]:
    """One update against a Lambda service that numbers what is published."""
    chosen = decide(memory, wanted)
    if chosen.publish and (not newest or newest[-1] != wanted):
        newest.append(wanted)
    version = chosen.version or str(len(newest))
    return remember(memory, wanted, chosen, version), version, chosen.publish


def test_a_new_fingerprint_is_published() -> None:
    assert decide(None, "a").publish
    assert decide({"versions": {"a": "1"}, "current": "a", "publish": True}, "b").publish


def test_going_back_points_at_the_version_from_before() -> None:
    newest: list[str] = []
    memory, first, _ = update(None, "a", newest)
    memory, second, _ = update(memory, "b", newest)
    memory, back, published = update(memory, "a", newest)
    assert (first, second, back, published) == ("1", "2", "1", False)
    assert newest == ["a", "b"]


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
def test_however_one_goes_back_and_forth_a_release_keeps_its_version(path: list[str]) -> None:
    memory: dict[str, Any] | None = None
    newest: list[str] = []
    seen: dict[str, str] = {}
    for wanted in path:
        memory, version, _ = update(memory, wanted, newest)
        assert newest[int(version) - 1] == wanted
        assert seen.setdefault(wanted, version) == version


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_a_second_update_to_the_same_release_asks_for_nothing_else(path: list[str]) -> None:
    memory: dict[str, Any] | None = None
    newest: list[str] = []
    for wanted in path:
        memory, version, published = update(memory, wanted, newest)
        again, same, still = update(memory, wanted, newest)
        assert (again, same, still) == (memory, version, published)


def test_configuration_is_part_of_the_fingerprint() -> None:
    assert fingerprint("00", {"memory": 128}) != fingerprint("00", {"memory": 256})
    assert fingerprint("00", {"a": 1, "b": 2}) == fingerprint("00", {"b": 2, "a": 1})


def test_republish_forgets_what_was_published() -> None:
    memory = {"versions": {"a": "1"}, "current": "a", "publish": False}
    assert decide(memory, "a", republish=True).version is None
