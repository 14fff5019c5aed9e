"""How rows are looked at: side by side, each within its time, whatever happens to the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cli.preflight import rows
from cli.preflight.rows import (
    LEAST,
    SECONDS,
    CheckResult,
    State,
    UntoldError,
    failed,
    fine,
    missing,
    run,
    time_left,
    unknown,
)
from cli.pulumi_command import EngineError


def raising(error: Exception) -> Callable[[], CheckResult]:
    def look() -> CheckResult:
        raise error

    return look


def refused(code: str, said: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": said}}, "Ask")


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (UntoldError("see another row"), State.UNKNOWN, "see another row"),
        (EngineError("no such thing"), State.MISSING, "no such thing"),
        (refused("AccessDenied"), State.UNKNOWN, "may not be looked at"),
        (refused("Throttling"), State.UNKNOWN, "Throttling"),
        (EndpointConnectionError(endpoint_url="http://x"), State.UNKNOWN, "no account answers"),
        (refused("404", "<!doctype html> <html> 404 Not Found"), State.UNKNOWN, "when calling the Ask operation"),
        (ZeroDivisionError("a fault of ours"), State.UNKNOWN, "ZeroDivisionError: a fault of ours"),
    ],
)
def test_whatever_a_look_raises_is_a_row(error: Exception, state: State, said: str) -> None:
    first, second = run({"one": raising(error), "other": lambda: fine("well")}, 5)
    assert (first.state, second.state) == (state, State.FINE)
    assert said in first.detail
    assert "<" not in first.detail


def test_one_that_hangs_is_unknown_and_holds_up_no_other() -> None:
    ends = threading.Event()
    begun = time.monotonic()
    found = run({"hangs": lambda: fine(str(ends.wait(30))), "answers": lambda: fine("well")}, 0.5)
    assert time.monotonic() - begun < 5
    ends.set()
    assert [row.state for row in found] == [State.UNKNOWN, State.FINE]
    assert found[0].detail == "no answer within 0.5 s"
    assert found[0].remedy


def test_rows_are_looked_at_side_by_side_and_told_in_their_order() -> None:
    meet = threading.Barrier(3)

    def look() -> CheckResult:
        meet.wait(5)  # breaks unless all three are under way at once
        return fine("met")

    found = run(dict.fromkeys(("c", "a", "b"), look), 10)
    assert [(row.check, row.detail) for row in found] == [("c", "met"), ("a", "met"), ("b", "met")]


@pytest.mark.parametrize(
    ("finding", "fails"), [(fine("x"), False), (unknown("x"), False), (missing("x", "do y"), True)]
)
def test_only_what_is_missing_fails(finding: CheckResult, fails: bool) -> None:
    assert failed(run({"row": lambda: finding}, 5)) is fails


def test_the_time_is_that_of_the_whole_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SECONDS", 1e6)
    age = time.time() - psutil.Process().create_time()
    assert 1e6 - time_left() == pytest.approx(age, abs=2)
    monkeypatch.setattr(rows, "SECONDS", 0)
    assert time_left() == LEAST
    monkeypatch.undo()

    def unreadable(*_: Any) -> str:
        raise OSError

    monkeypatch.setattr("pathlib.Path.read_text", unreadable)
    assert time_left() == SECONDS - 1
