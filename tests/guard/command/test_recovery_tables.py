"""What ``rollback recovery`` shows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from guard.command import recovery_tables as recovery_show


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (25_000_000, "25 MB"), (5e15, "5000.0 TB")]
)
def test_sizes_are_short(amount: float, text: str) -> None:
    assert recovery_show.size(amount) == text


def test_bars_are_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    with recovery_show.Bars() as bars:
        progress = bars.of("table x[1]")
        progress("reading items", 1, None)
        progress("reading items", 2, 2)
        bars.done("table x[1]")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=2), "2 d"),
    ],
)
def test_ages_are_short(age: timedelta, text: str) -> None:
    assert recovery_show.span(age) == text
