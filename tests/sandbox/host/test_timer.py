"""How often a host's health-check timer runs its check."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from sandbox.host.layout import Layout
from sandbox.host.timer import LONGEST, SCRIPT, HealthTimer, next_pause
from tests.sandbox.account.conftest import wait_for


@pytest.mark.parametrize(
    ("before", "healthy", "after"),
    [
        (0.0, True, 15.0),
        (15.0, True, 30.0),
        (120.0, True, 240.0),
        (240.0, True, 240.0),
        (0.0, False, 15.0),
        (240.0, False, 15.0),
    ],
)
def test_the_pause_grows_only_while_the_host_is_healthy(before: float, healthy: bool, after: float) -> None:
    assert next_pause(before, 15.0, healthy=healthy) == after
    assert after <= LONGEST * 15.0


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path / "prod", "prod")
    found.make()
    script = found.current / SCRIPT
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\necho well\n")
    script.chmod(0o755)
    return found


def test_what_happens_on_the_host_is_followed_by_a_check_at_once(layout: Layout) -> None:
    timer = HealthTimer(layout, {"PATH": "/usr/bin:/bin"}, interval=600.0)
    log = layout.logs / "cryptique" / "health-check.log"
    log.parent.mkdir(parents=True, exist_ok=True)

    def checks() -> int:
        return len(log.read_text().splitlines()) if log.exists() else 0

    timer.start()
    timer.run()
    try:
        wait_for(lambda: checks() == 1, 10, "the first check")
        time.sleep(0.3)
        assert checks() == 1
        timer.touch()
        wait_for(lambda: checks() == 2, 10, "a check after the change")
    finally:
        timer.end()
