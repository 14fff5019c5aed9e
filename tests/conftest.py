"""Fixtures that every part of the suite shares: a sandbox of the test run's own, and copies of the project."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import Project, copy_project
from tests.support.sandbox import RunningSandbox, start, stop

TEST_MINUTE = 1.0
"""Real seconds that an emulated minute lasts in tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long tests whole, not as a sample")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An account and a cluster that nothing else uses: each file of tests may deploy prod to its own."""
    running = start(tmp_path_factory.mktemp("sandbox"), TEST_MINUTE)
    try:
        yield running
    finally:
        stop(running)


@pytest.fixture
def project(tmp_path: Path, sandbox: RunningSandbox) -> Project:
    """A copy of the project that may be changed, led to the test's sandbox."""
    return copy_project(tmp_path / "project", {**os.environ, **sandbox.environment})
