from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sandbox.account import background


@pytest.fixture(autouse=True)
def own_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_stopping", threading.Event())
    monkeypatch.setattr(background, "_news", background._News())


def test_what_somebody_wrote_is_saved_at_once_and_once() -> None:
    background.mark_changed()
    assert background.take_changed(measured=False)
    assert not background.take_changed(measured=True)


def test_what_was_only_measured_waits_and_is_saved_with_the_next_write() -> None:
    background.mark_measured()
    assert not background.take_changed(measured=False)
    assert background.take_changed(measured=True)
    background.mark_measured()
    background.mark_changed()
    assert background.take_changed(measured=False)
    assert not background.take_changed(measured=True)


class Counted:
    """A ticker that counts its rounds."""

    def __init__(self, rest: float | None) -> None:
        self.rounds, self.rest = 0, rest

    def __call__(self) -> float | None:
        self.rounds += 1
        return self.rest

    def reaches(self, rounds: int, seconds: float = 5.0) -> bool:
        deadline = time.monotonic() + seconds
        while self.rounds < rounds and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.rounds >= rounds


@pytest.fixture
def ticking() -> Iterator[Callable[[float | None], Counted]]:
    threads = []

    def begin(rest: float | None) -> Counted:
        counted = Counted(rest)
        threads.append(threading.Thread(target=background._loop, args=(background.Ticker(counted, 0.01, "test"),)))
        threads[-1].start()
        assert counted.reaches(1)
        return counted

    yield begin
    background.stop()
    for thread in threads:
        thread.join(2)
        assert not thread.is_alive(), "the end of the server ends a rest"


def test_a_ticker_with_work_goes_on(ticking: Callable[[float | None], Counted]) -> None:
    assert ticking(None).reaches(5)


@pytest.mark.parametrize("mark", [background.mark_changed, background.mark_measured])
def test_a_ticker_that_rests_is_woken_by_what_changes_the_account(
    ticking: Callable[[float | None], Counted], mark: Callable[[], None]
) -> None:
    counted = ticking(background.UNTIL_CHANGED)
    assert not counted.reaches(2, seconds=0.3)
    mark()
    assert counted.reaches(2)
    assert not counted.reaches(3, seconds=0.3)


def test_a_rest_ends_by_itself_when_something_is_due(ticking: Callable[[float | None], Counted]) -> None:
    assert ticking(0.05).reaches(3)


def test_a_change_during_a_round_is_not_slept_through() -> None:
    rounds = []

    def changes_once() -> float:
        rounds.append(time.monotonic())
        if len(rounds) == 1:
            background.mark_changed()
        return background.UNTIL_CHANGED

    thread = threading.Thread(target=background._loop, args=(background.Ticker(changes_once, 0.01, "test"),))
    thread.start()
    deadline = time.monotonic() + 2
    while len(rounds) < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    background.stop()
    thread.join(2)
    assert len(rounds) == 2
