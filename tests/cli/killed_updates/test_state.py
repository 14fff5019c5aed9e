"""What is made of a state that a killed update left behind."""

from __future__ import annotations

from typing import Any

from cli import killed_updates as interrupted
from tests.cli.killed_updates.states import resource, state


def urns(settled: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(each["urn"], each.get("id"), each.get("delete")) for each in settled["deployment"]["resources"]]


def test_only_creations_are_pending() -> None:
    assert interrupted.pending_creations({}) == []
    assert interrupted.pending_creations(state([], [resource("a")], "updating")) == []
    assert interrupted.pending_creations(state([], [resource("a")])) == [resource("a")]


def test_what_exists_is_taken_into_the_state_and_the_rest_is_forgotten() -> None:
    known = [resource("parent", id="p", outputs={"name": "p"})]
    before = state(known, [resource("there", parent="urn:parent"), resource("absent")])
    after = interrupted.settled(before, {"urn:there": "id-of-there"})
    assert urns(after) == [("urn:parent", "p", None), ("urn:there", "id-of-there", None)]
    assert "pending_operations" not in after["deployment"]
    assert after["deployment"]["secrets_providers"] == 1
    assert len(before["deployment"]["resources"]) == 1, "the given state is left as it is"
    assert interrupted.unread(after) == ["urn:there"]


def test_what_was_noted_of_its_outputs_before_the_kill_is_read_again() -> None:
    """Counted as read, it would keep the import id, and what is given that id would be sent to a wrong address."""
    noted = resource("part", id="p1", outputs={"id": "p1", "name": "part"})
    after = interrupted.settled(state([], [noted]), {"urn:part": "whole/p1"})
    assert urns(after) == [("urn:part", "whole/p1", None)]
    assert interrupted.unread(after) == ["urn:part"]
    assert noted["outputs"], "the given state is left as it is"


def test_a_replacement_takes_the_place_of_the_one_it_replaces() -> None:
    child = resource("child", id="c", parent="urn:a", outputs={"name": "c"})
    old = resource("a", id="old", outputs={"name": "a"})
    before = state([resource("dependency", id="d", outputs={"name": "d"}), old, child], [resource("a")])
    after = interrupted.settled(before, {"urn:a": "new"})
    assert urns(after) == [
        ("urn:dependency", "d", None),
        ("urn:a", "new", None),
        ("urn:a", "old", True),
        ("urn:child", "c", None),
    ]


def test_a_replacement_of_what_was_deleted_before_it_stands_alone() -> None:
    gone = resource("a", id="old", outputs={"name": "a"}, pendingReplacement=True)
    after = interrupted.settled(state([gone], [resource("a")]), {"urn:a": "new"})
    assert urns(after) == [("urn:a", "new", None)]


def test_a_replacement_stands_behind_what_it_depends_on() -> None:
    known = [resource("a", id="old", outputs={"name": "a"}), resource("b", id="b", outputs={"name": "b"})]
    after = interrupted.settled(state(known, [resource("a", dependencies=["urn:b"])]), {"urn:a": "new"})
    assert urns(after) == [("urn:b", "b", None), ("urn:a", "new", None), ("urn:a", "old", True)]


def test_providers_and_components_are_never_read() -> None:
    known = [
        resource("provider", id="1", type="pulumi:providers:aws"),
        {"urn": "urn:component", "custom": False, "type": "rollback:systems:AsyncRag"},
    ]
    assert interrupted.unread(state(known, [])) == []
