"""Which version an alias points at: one that holds what is wanted, whatever is remembered and whatever was touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.common.versions import MARK, Choice, Settled, Wanted, choose, fingerprint, remembered_versions, settle
from stacks.artifact_objects import code_hash

LIES: list[Any] = [None, {}, "text", 7, [], {"versions": "none"}, {"versions": {"x": None}}, {"current": 3}]


def release(name: str) -> Wanted:
    """What release ``a``, ``b`` … wants; ``a`` and ``c`` have the same code."""
    code = {"a": "0a", "c": "0a"}.get(name, "0" + name) * 32
    return Wanted(code, "python3.11", "handler.handler", 512, 60, {"RELEASE": name}, ("layer:1",), ("5a",), (), ())


def content(wanted: Wanted) -> dict[str, Any]:
    return {
        "codeSha256": code_hash(wanted.code),
        "runtime": wanted.runtime,
        "handler": wanted.handler,
        "memorySize": wanted.memory,
        "timeout": wanted.timeout,
        "environment": {"variables": dict(wanted.environment)},
        "layers": list(wanted.layers),
    }


@dataclass
class Stack:
    """A function in Lambda, its resource in the state, and what the stack remembers of it."""

    exists: bool = False
    latest: dict[str, Any] = field(default_factory=dict)
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: int = 0
    """The highest number that was ever given."""
    alias: str | None = None
    state: dict[str, Any] | None = None
    memory: Any = None
    asked: int = 0

    async def ask(self, number: str | None) -> dict[str, Any] | None:
        self.asked += 1
        if not self.exists:
            return None
        if number is None:
            newest = max(self.versions, default=None)
            return (
                {**self.latest, "version": "$LATEST"}
                if newest is None
                else {**self.versions[newest], "version": str(newest)}
            )
        return self.versions.get(int(number))

    def publish(self) -> None:
        """PublishVersion: nothing new where the newest version is what ``$LATEST`` is."""
        if self.versions and self.versions[max(self.versions)] == self.latest:
            return
        self.last += 1
        self.versions[self.last] = dict(self.latest)

    def provide(self, wanted: Wanted, choice: Choice) -> None:
        """What the provider does with the function: only changed inputs are sent, and code apart from configuration."""
        inputs = {
            **content(wanted),
            "sourceCodeHash": choice.source_code_hash(wanted.code),
            "description": choice.description,
            "publish": choice.publish,
        }
        old = self.state or {}
        changed = {name for name, value in inputs.items() if old.get(name) != value} - {"codeSha256"}
        self.exists = True
        if "sourceCodeHash" in changed:
            self.latest["codeSha256"] = inputs["codeSha256"]
        if changed - {"sourceCodeHash", "publish"}:
            self.latest |= {
                name: inputs[name] for name in inputs if name not in ("codeSha256", "sourceCodeHash", "publish")
            }
        if choice.publish and changed:
            self.publish()
        newest = max(self.versions, default=None) if changed else old.get("version")
        self.state = {**inputs, "version": str(newest) if newest else None}

    def update(self, name: str, targeted: bool = False, republish: bool = False) -> str | None:
        """An update of the whole stack, or one that leaves this function out; the error that it ends with."""
        wanted = release(name)

        async def run() -> None:
            choice = await choose("worker", wanted, self.memory, self.state, self.ask, republish)
            if not targeted:
                self.provide(wanted, choice)
            outputs = self.state or {}
            touched = not wanted.differences(outputs, "sourceCodeHash")
            if choice.version is None:
                touched = touched and bool(outputs.get("publish"))
            newest = outputs.get("version")
            end: Settled = await settle("worker", wanted, self.memory, choice, touched, newest, self.ask, "s3://b/k")
            self.memory = end.memory
            if not targeted:
                self.alias = end.version

        try:
            run().send(None)  # nothing in it ever waits, and an event loop for each would take most of the time
        except StopIteration:
            return None
        except pulumi.RunError as error:
            return str(error)
        raise AssertionError("it waits for something")

    @property
    def serves(self) -> dict[str, Any]:
        """What is behind the alias."""
        return self.versions.get(int(self.alias or 0), {})

    def runs(self, name: str) -> bool:
        return not release(name).differences(self.serves)


def test_going_back_points_at_the_version_from_before() -> None:
    stack = Stack()
    path = [stack.update(name) or stack.alias for name in ("a", "b", "a")]
    assert path == ["1", "2", "1"]
    assert stack.last == 2


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
def test_however_one_goes_back_and_forth_a_release_keeps_its_version(path: list[str]) -> None:
    stack, seen = Stack(), dict[str, str | None]()
    for name in path:
        assert stack.update(name) is None
        assert stack.runs(name)
        assert seen.setdefault(name, stack.alias) == stack.alias


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
def test_a_second_update_to_the_same_release_asks_for_nothing_else(path: list[str]) -> None:
    stack = Stack()
    for name in path:
        stack.update(name)
        before = (stack.state, stack.memory, stack.alias, stack.last)
        asked = stack.asked
        stack.update(name)
        assert (stack.state, stack.memory, stack.alias, stack.last) == before
        assert stack.asked - asked == 1


def test_a_targeted_update_at_another_release_remembers_nothing_of_what_it_left_out() -> None:
    stack = Stack()
    stack.update("b")
    before = stack.memory
    assert stack.update("a", targeted=True) is None
    assert (stack.memory, stack.alias) == (before, "1")
    assert stack.update("a") is None
    assert stack.runs("a")


def test_what_older_programs_remembered_of_a_targeted_update_is_put_right() -> None:
    stack = Stack()
    stack.update("b")
    wanted = release("a").fingerprint
    stack.memory = {"versions": {**stack.memory["versions"], wanted: "1"}, "current": wanted, "publish": True}
    # The whole update after it: the code is published as version 2, and the alias stays at version 1.
    stack.provide(release("a"), Choice(True, "1"))
    assert (stack.last, stack.alias, stack.runs("a")) == (2, "1", False)
    assert stack.update("a") is None
    assert (stack.alias, stack.memory["versions"][wanted], stack.last) == ("2", "2", 2)
    assert stack.runs("a")


def test_a_version_that_is_gone_is_published_anew_from_the_same_code() -> None:
    stack = Stack()
    stack.update("a")
    stack.update("b")
    del stack.versions[1]
    assert stack.update("a") is None
    assert (stack.alias, stack.runs("a")) == ("3", True)
    assert stack.memory["versions"][release("a").fingerprint] == "3"


def test_a_version_that_is_gone_while_the_state_has_it_is_published_anew_too() -> None:
    stack = Stack()
    stack.update("a")
    # By hand: other code, published, the alias moved, the code taken back, the version deleted.
    stack.latest["codeSha256"] = "other"
    stack.publish()
    del stack.versions[1]
    assert stack.update("a") is None
    assert (stack.alias, stack.runs("a")) == ("3", True)
    assert stack.state
    assert MARK in stack.state["sourceCodeHash"]
    again = (stack.state, stack.memory)
    assert stack.update("a") is None
    assert (stack.state, stack.memory) == again
    assert stack.update("b") is None
    assert MARK not in stack.state["sourceCodeHash"]


def test_a_function_made_anew_has_none_of_its_old_versions() -> None:
    stack = Stack()
    for name in ("a", "b", "c"):
        stack.update(name)
    stack.exists, stack.versions, stack.last, stack.latest, stack.state = False, {}, 0, {}, None
    assert stack.update("c") is None
    assert (stack.alias, remembered_versions(stack.memory)) == ("1", {release("c").fingerprint: "1"})
    assert stack.update("a") is None
    assert (stack.alias, stack.runs("a")) == ("2", True)


def test_a_function_that_only_the_state_has_is_one_line() -> None:
    stack = Stack()
    stack.update("a")
    stack.exists = False
    said = stack.update("a")
    command = f"rollback up -s {pulumi.get_stack()}"
    assert said == f"function worker isn't in the account any more, and the state has it: `{command}` brings it back"


def test_a_zip_that_is_not_the_pinned_one_moves_no_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack()
    stack.update("a")
    provide = Stack.provide

    def other_zip(self: Stack, wanted: Wanted, choice: Choice) -> None:
        known = self.last
        provide(self, wanted, choice)
        for number in range(known + 1, self.last + 1):
            self.versions[number]["codeSha256"] = "other"
        self.latest["codeSha256"] = "other"

    with monkeypatch.context() as patch:
        patch.setattr(Stack, "provide", other_zip)
        said = stack.update("b")
    assert said
    assert said.startswith("worker: s3://b/k isn't the zip that the release pins")
    assert (stack.alias, stack.runs("a")) == ("1", True)
    # The right zip was uploaded, and the same is run again: no input changes, and it is published all the same.
    assert stack.update("b") is None
    assert stack.runs("b")


def delete_versions(stack: Stack) -> None:
    stack.versions = {number: held for number, held in stack.versions.items() if str(number) == stack.alias}


def publish_by_hand(stack: Stack) -> None:
    stack.latest |= {"memorySize": 999}
    stack.publish()


def move_latest(stack: Stack) -> None:
    stack.latest |= {"codeSha256": "by hand", "timeout": 1}


def lose_memory(stack: Stack) -> None:
    stack.memory = None


def mix_up_memory(stack: Stack) -> None:
    numbers = [str(number) for number in range(1, stack.last + 3)]
    marks = [release(name).fingerprint for name in "abcd"]
    stack.memory = {
        "versions": dict(zip(marks, reversed(numbers), strict=False)),
        "current": marks[0],
        "publish": False,
    }


HANDS: list[Callable[[Stack], None]] = [delete_versions, publish_by_hand, move_latest, lose_memory, mix_up_memory]
HANDS += [lambda stack, lie=lie: setattr(stack, "memory", lie) for lie in LIES]  # type: ignore[misc]


@given(
    st.lists(
        st.one_of(
            st.sampled_from("abcd").map(lambda name: ("update", name)),
            st.sampled_from("abcd").map(lambda name: ("targeted", name)),
            st.sampled_from(HANDS).map(lambda hand: ("hand", hand)),
        ),
        max_size=14,
    ),
    st.sampled_from("abcd"),
)
def test_no_lie_ends_well_with_other_code_behind_the_alias(steps: list[tuple[str, Any]], last: str) -> None:
    """Whatever was lied about or done by hand: an update ends with the right code, or with one line; the next heals."""
    stack = Stack()
    stack.update("a")
    for kind, what in steps:
        if kind == "hand" and stack.exists:
            what(stack)
        elif kind == "targeted":
            stack.update(what, targeted=True)
        elif kind == "update":
            assert stack.update(what) is not None or stack.runs(what)
    said = [stack.update(last), stack.update(last)]
    assert said[-1] is None, said
    assert stack.runs(last)


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_memory_is_none(lie: Any) -> None:
    assert remembered_versions(lie) == {}


@pytest.mark.parametrize("number", [None, 1, 1.0, "", "0", "01", "$LATEST", "live", "1 ", "-1", "²"])
def test_only_numbers_of_versions_are_remembered(number: Any) -> None:
    assert remembered_versions({"versions": {"a": number, "b": "3"}}) == {"b": "3"}


def test_configuration_is_part_of_the_fingerprint() -> None:
    assert fingerprint("00", {"memory": 128}) != fingerprint("00", {"memory": 256})
    assert fingerprint("00", {"a": 1, "b": 2}) == fingerprint("00", {"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"codeSha256": "other"}, "codeSha256"),
        ({"memorySize": 128}, "memorySize"),
        ({"timeout": 1}, "timeout"),
        ({"environment": None}, "environment"),
        ({"environment": {"variables": {"RELEASE": "a", "MORE": ""}}}, "environment"),
        ({"layers": []}, "layers"),
        ({"layers": ["layer:2"]}, "layers"),
        ({"handler": "other"}, "handler"),
        ({"runtime": "python3.12"}, "runtime"),
        ({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []}}, "subnetIds"),
    ],
)
def test_every_property_that_decides_is_compared(change: Mapping[str, Any], differs: str) -> None:
    assert release("a").differences(content(release("a"))) == []
    assert release("a").differences({**content(release("a")), **change}) == [differs]


def test_republish_takes_no_version_from_memory() -> None:
    stack = Stack()
    stack.update("a")
    stack.update("b")
    assert stack.update("a", republish=True) is None
    assert (stack.alias, stack.runs("a")) == ("3", True)
    before = (stack.state, stack.last)
    assert stack.update("a", republish=True) is None
    assert (stack.state, stack.last) == before
