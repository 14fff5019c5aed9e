"""How rows are looked at: side by side, each within its time, whatever happens to the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts.engine import EngineError
from scripts.preflight.rows import (
    LEAST,
    SECONDS,
    Finding,
    State,
    UntoldError,
    failed,
    fine,
    missing,
    run,
    time_left,
    unknown,
)


def raising(error: Exception) -> Callable[[], Finding]:
    def look() -> Finding:
        raise error

    return look


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Ask")


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (UntoldError("see another row"), State.UNKNOWN, "see another row"),
        (EngineError("no such thing"), State.MISSING, "no such thing"),
        (refused("AccessDenied"), State.UNKNOWN, "may not be looked at"),
        (refused("Throttling"), State.UNKNOWN, "Throttling"),
        (EndpointConnectionError(endpoint_url="http://x"), State.UNKNOWN, "no account answers"),
        (ZeroDivisionError("a fault of ours"), State.UNKNOWN, "ZeroDivisionError: a fault of ours"),
    ],
)
def test_whatever_a_look_raises_is_a_row(error: Exception, state: State, said: str) -> None:
    first, second = run({"one": raising(error), "other": lambda: fine("well")}, 5)
    assert (first.state, second.state) == (state, State.FINE)
    assert said in first.detail


def test_one_that_hangs_is_unknown_and_holds_up_no_other() -> None:
    ends = threading.Event()
    begun = time.monotonic()
    rows = run({"hangs": lambda: fine(str(ends.wait(30))), "answers": lambda: fine("well")}, 0.5)
    assert time.monotonic() - begun < 5
    ends.set()
    assert [row.state for row in rows] == [State.UNKNOWN, State.FINE]
    assert rows[0].detail == "no answer within 0.5 s"
    assert rows[0].remedy


def test_rows_are_looked_at_side_by_side_and_told_in_their_order() -> None:
    meet = threading.Barrier(3)

    def look() -> Finding:
        meet.wait(5)  # breaks unless all three are under way at once
        return fine("met")

    rows = run(dict.fromkeys(("c", "a", "b"), look), 10)
    assert [(row.check, row.detail) for row in rows] == [("c", "met"), ("a", "met"), ("b", "met")]


@pytest.mark.parametrize(
    ("finding", "fails"), [(fine("x"), False), (unknown("x"), False), (missing("x", "do y"), True)]
)
def test_only_what_is_missing_fails(finding: Finding, fails: bool) -> None:
    assert failed(run({"row": lambda: finding}, 5)) is fails


def test_the_time_is_that_of_the_whole_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_left() == LEAST  # this test run is older than that

    def unreadable(*_: Any) -> str:
        raise OSError

    monkeypatch.setattr("pathlib.Path.read_text", unreadable)
    assert time_left() == SECONDS - 1
