"""How checks wait: soon at first, then ever more seldom, and never for longer than they may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.health import waiting


class Clock:
    """Time that passes while somebody sleeps, and a little with every look."""

    def __init__(self, look: float) -> None:
        self.now, self.look, self.slept = 0.0, look, list[float]()

    def monotonic(self) -> float:
        self.now += self.look
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@given(patience=st.floats(0, 600), look=st.floats(0.001, 30))
def test_it_looks_at_least_once_and_ends_one_pause_after_its_patience(patience: float, look: float) -> None:
    clock = Clock(look)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "time", clock)
        turns = sum(1 for _ in waiting.looks(patience))
    assert turns == len(clock.slept) + 1
    assert clock.slept == sorted(clock.slept)
    assert all(waiting.FIRST <= each <= waiting.LONGEST for each in clock.slept)
    assert clock.now <= patience + waiting.LONGEST + 3 * look
    assert clock.now >= patience


def test_the_first_looks_come_soon() -> None:
    clock = Clock(0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "time", clock)
        for _ in waiting.looks(1.0):
            pass
    assert len([each for each in clock.slept if each < 0.5]) >= 4
