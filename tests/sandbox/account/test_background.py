from __future__ import annotations

import threading

import pytest

from sandbox.account import background


@pytest.fixture(autouse=True)
def own_events(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_changed", "_measured"):
        monkeypatch.setattr(background, name, threading.Event())


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
