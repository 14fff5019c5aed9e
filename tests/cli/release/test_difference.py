"""What differs between two releases, or a release and a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cli.pulumi_command import EngineError
from cli.release.difference import Difference, compare, runs, view
from core.model import ConfigurationError
from stacks.file import read


def test_artifacts_switches_formats_and_order() -> None:
    found = compare(view("v1.2.3"), view("v1.4.0"))
    assert {
        Difference("rag-api", "config.TOP_K", "8", "10"),
        Difference("compaction", "dataFormat.writes", "1", "2"),
        Difference("compaction", "package", "1.1.0 (9548340d0bca)", "1.2.0 (31426a64813c)"),
        Difference("security-assistant", "worker", "1.2.0 (c8e3e466199b)", "1.3.0 (12fb9c565aa7)"),
        Difference("rag-api", "movesAfter", "", "async-rag, cryptique"),
    } <= set(found)
    assert not any(each.what == "vdr_processor" for each in found)


def test_what_a_release_hasnt_got_is_empty_on_its_side() -> None:
    found = compare(view("v1.2.1"), view("v1.2.2"))
    assert Difference("async-rag", "asyncPath", "false", "true") in found
    [added] = [each for each in found if each.what == "vdr_processor"]
    assert added.before == ""
    assert added.after.startswith("1.0.0 (")


def test_there_and_back_are_mirrored() -> None:
    there, back = compare(view("v1.2.2"), view("v1.4.0")), compare(view("v1.4.0"), view("v1.2.2"))
    assert {(each.system, each.what, each.after, each.before) for each in back} == {
        (each.system, each.what, each.before, each.after) for each in there
    }
    assert compare(view("v1.4.0"), view("v1.4.0")) == []


def test_a_stack_is_what_it_pins() -> None:
    pinned = read("prod").project.version
    assert not [each for each in compare(view("prod"), view(pinned)) if each.what != "movesAfter"]


def test_a_name_that_is_neither_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown version 'v9\.9\.9'"):
        view("v9.9.9")


def test_what_a_stack_runs_is_told_apart_from_what_it_pins() -> None:
    def outputs(_: str) -> Mapping[str, Any]:
        return {"systems": {"rag-api": {"release": "v1.2.2"}}}

    def silent(_: str) -> Mapping[str, Any]:
        raise EngineError("no backend")

    assert runs("prod", outputs).deployed == {"rag-api": "v1.2.2"}
    told = runs("prod", silent)
    assert (told.deployed, told.reason) == (None, "no backend")
    assert set(told.pinned.values()) == {"v1.2.3"}
