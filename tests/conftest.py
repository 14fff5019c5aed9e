"""Fixtures that every part of the suite shares: a sandbox of the test run's own, and copies of the project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.sandbox import RunningSandbox, start, stop

TEST_MINUTE = 1.0
"""Real seconds that an emulated minute lasts in tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long tests whole, not as a sample")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An account and a cluster of this worker's own: to start them and deploy prod takes 37 s of two cores."""
    running = start(tmp_path_factory.mktemp("sandbox"), TEST_MINUTE)
    try:
        yield running
    finally:
        stop(running)
