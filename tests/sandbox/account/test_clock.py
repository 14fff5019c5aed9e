from __future__ import annotations

import pytest

from sandbox.account import clock, settings


@pytest.fixture
def half_second_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_current", settings.Settings(minute_seconds=0.5))


def test_a_real_minute_lasts_a_minute() -> None:
    assert clock.minute() == 60.0
    assert clock.real_seconds(300) == 300.0


@pytest.mark.usefixtures("half_second_minutes")
def test_spans_are_scaled_both_ways() -> None:
    assert clock.real_seconds(300) == 2.5
    assert clock.emulated_seconds(2.5) == 300.0


@pytest.mark.usefixtures("half_second_minutes")
def test_boundaries_are_whole_emulated_steps() -> None:
    assert clock.boundary(100.74) == 100.5
    assert clock.boundary(100.5) == 100.5
    assert clock.boundary(100.74, 300) == 100.0
