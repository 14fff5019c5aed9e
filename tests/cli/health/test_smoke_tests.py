"""Closing checks: all systems at the same time, one system's in their order, whatever happens in one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from cli.health import smoke_tests as checks
from cli.health.smoke_tests import Check

Work = Callable[[Any, str], str]


def system(**works: Work) -> Any:
    return SimpleNamespace(CHECKS=works)


def check(monkeypatch: pytest.MonkeyPatch, **systems: Any) -> list[Check]:
    monkeypatch.setattr(checks, "SYSTEMS", systems)
    return checks.check({"systems": {name: {"release": name} for name in systems}}, "us-east-1")


def test_systems_are_checked_at_the_same_time_and_told_of_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(3)

    def meets(told: Any, region: str) -> str:
        meeting.wait(30)  # never over, were they asked one after the other
        return f"{told['release']} in {region}"

    found = check(monkeypatch, one=system(met=meets), two=system(met=meets), three=system(met=meets))
    assert found == [Check(name, "met", True, f"{name} in us-east-1") for name in ("one", "two", "three")]


def test_one_systems_checks_follow_one_another_and_none_of_them_stops_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails(_told: Any, _region: str) -> str:
        done.append("fails")
        raise AssertionError("it answers for v1.2.2\nand more")

    def works(_told: Any, _region: str) -> str:
        done.append("works")
        return "fine"

    found = check(monkeypatch, one=system(first=fails, second=works))
    assert done == ["fails", "works"]
    assert found == [
        Check("one", "first", False, "AssertionError: it answers for v1.2.2"),
        Check("one", "second", True, "fine"),
    ]


def test_what_was_never_deployed_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_told: Any, _region: str) -> str:
        raise AssertionError("asked")

    monkeypatch.setattr(checks, "SYSTEMS", {"one": system(never=never)})
    assert checks.check({}, "us-east-1") == []
    assert checks.check({"systems": {}}, "us-east-1") == []
