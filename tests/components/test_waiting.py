"""What the engine is told while the program still runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pulumi
import pytest
from pulumi.runtime.settings import get_root_resource

import components
from components.common.waiting import answer_of, begin
from tests.components.mocked import Recorder, answer_with


class Pair(pulumi.ComponentResource):
    """A component with a provider in it, as ``Account`` has one."""

    def __init__(self, context: object = None, selected: object = None) -> None:
        super().__init__("test:index:Pair", "pair")
        opts = pulumi.ResourceOptions(parent=self)
        self.provider = pulumi.CustomResource("test:index:Inner", "inner", {}, opts)


def heard_during(program: Callable[[Recorder], None], preview: bool = True) -> Recorder:
    """Run a program under mocks to its end."""
    recorder = Recorder()
    answer_with(recorder, project="test", stack="test", preview=preview)

    def after_the_stack() -> None:
        root = get_root_resource()
        assert root
        answer_of(root.urn.future())  # the engine knows the stack before the program says anything
        program(recorder)

    pulumi.runtime.test(after_the_stack)()  # type: ignore[no-untyped-call]
    return recorder


def test_what_was_begun_is_heard_of_before_the_program_ends() -> None:
    heard: list[set[str]] = []

    def program(recorder: Recorder) -> None:
        pair = Pair()
        heard.append(set(recorder.resources))
        begin(pair)
        answer_of(pair.provider.urn.future())
        heard.append(set(recorder.resources))

    heard_during(program)
    assert heard == [set(), {"pair", "inner"}]


def test_a_call_that_was_begun_answers_later_with_its_value_or_its_error() -> None:
    async def fail() -> None:
        raise ValueError("refused")

    def program(_: Recorder) -> None:
        asked = [asyncio.ensure_future(each) for each in (asyncio.sleep(0, "an answer"), fail())]
        begin()
        assert answer_of(asked[0]) == "an answer"
        with pytest.raises(ValueError, match="refused"):
            answer_of(asked[1])

    heard_during(program)


@pytest.mark.parametrize(("preview", "expected"), [(True, {"pair"}), (False, set())])
def test_only_a_preview_begins_with_a_system_before_all_are_declared(preview: bool, expected: set[str]) -> None:
    heard: list[set[str]] = []

    def program(recorder: Recorder) -> None:
        def last(*_: Any) -> Any:
            time.sleep(0.1)  # the loop stands still; what was sent arrives, a mock takes far less
            heard.append(set(recorder.resources) - {"inner"})

        named: Any = {"first": Pair, "last": last}
        with patch.object(components, "_declare", lambda _context, name, _manifests: named[name](None, name)):
            components.declare(None, {"first": "first", "last": "last"}, named, [["first", "last"]])  # type: ignore[arg-type,dict-item]

    assert set(heard_during(program, preview).resources) == {"pair", "inner"}
    assert heard == [expected]
