"""How long an update would take, by the history."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.review.estimate import Past, canary_minutes, estimate, past
from stacks.direction import Direction
from stacks.file import read

PASTS = st.lists(
    st.builds(Past, st.floats(0.1, 5000), st.integers(1, 500), st.sampled_from(list(Direction))), max_size=20
)


def entry(version: str, seconds: int, changed: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "update",
        "result": "succeeded",
        "startTime": "2026-11-26T02:00:00.000Z",
        "endTime": f"2026-11-26T02:{seconds // 60:02}:{seconds % 60:02}.000Z",
        "config": {"rollback-stack:version": {"value": version, "secret": False}},
        "resourceChanges": {"same": 100, "update": changed},
        **more,
    }


def test_the_history_is_read_from_its_beginning() -> None:
    history = [
        entry("v1.2.2", 40, 20),
        entry("v1.2.3", 9, 5, result="failed"),
        entry("v1.2.3", 8, 0),
        entry("v1.2.3", 100, 30),
        entry("v1.2.2", 7, 2, kind="refresh"),
        entry("v1.2.2", 30, 3),
        entry("v1.2.2", 200, 250, config={}),
        entry("v1.2.2", 300, 270),
    ]
    assert past(history) == [
        Past(300.0, 270, Direction.FIRST),
        Past(30.0, 3, Direction.HERE),
        Past(100.0, 30, Direction.FORWARD),
        Past(40.0, 20, Direction.BACK),
    ]


@given(PASTS, st.sampled_from(list(Direction)), st.integers(1, 500), st.integers(0, 30))
def test_an_estimate_lies_among_what_was_seen(pasts: list[Past], wanted: Direction, changed: int, minutes: int) -> None:
    found = estimate(pasts, wanted, changed, minutes)
    known = [each for each in pasts if each.direction is not Direction.FIRST]
    alike = [each for each in known if each.direction is wanted]
    wait = 60 * minutes if wanted is Direction.FORWARD and not alike else 0
    if not known:
        assert found.seconds == (wait or None)
    else:
        assert found.seconds is not None
        seen = [each.seconds for each in alike or known]
        assert min(seen) - 1e-6 <= found.seconds - wait <= max(seen) + 1e-6


def test_updates_of_the_same_direction_and_size_count_most() -> None:
    pasts = [Past(500.0, 100, Direction.BACK), *(Past(s, 10, Direction.BACK) for s in (40.0, 44.0, 60.0))]
    assert estimate([*pasts, Past(9.0, 10, Direction.HERE)], Direction.BACK, 9, 5).seconds == 44.0
    forward = estimate(pasts[:1], Direction.FORWARD, 9, 5)
    assert forward.seconds == 800.0
    assert forward.basis == "by 1 update of another kind, and 5 min of canary"
    assert estimate(pasts, Direction.BACK, 0, 5).seconds == 0.0


@pytest.mark.parametrize(
    ("preference", "minutes"),
    [("AllAtOnce", 0), ("Canary10Percent15Minutes", 15), ("Linear10PercentEvery1Minute", 9)],
)
def test_the_canary_waits_as_codedeploy_does(preference: str, minutes: int) -> None:
    assert canary_minutes(read("prod", {"security-assistant:deployment": preference})) == minutes
