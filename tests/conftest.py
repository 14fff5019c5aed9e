"""Fixtures that every part of the suite shares: a sandbox of the test run's own, and copies of the project."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import keeper
from tests.support.sandbox import RunningSandbox, start, stop
from tests.support.scheduling import Folders, ended, ends_with_folder, in_order

TEST_MINUTE = 1.0
"""Real seconds that an emulated minute lasts in tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the long tests whole, not as a sample")


def pytest_configure() -> None:
    """Nothing that this process starts outlives it, even where it is killed."""
    keeper.begin()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only the long suite runs (docs/testing.md says what that is)."""
    if not config.getoption("--soak"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    items[:] = in_order(items)


def pytest_collection_finish() -> None:
    """Spare the collected tests and the SDKs the garbage collector: walking them again and again made the CPU
    time of a program under mocks 0.97 s, which is 0.6 s so (2026-11-26)."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Stop the servers that the next test doesn't need."""
    ended(item, nextitem)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Folders:
    """Which worker runs which test."""
    return Folders(config, log)


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An account and a cluster of this worker's own: to start them and deploy prod takes 37 s of two cores."""
    running = start(tmp_path_factory.mktemp("sandbox"), TEST_MINUTE)
    ends_with_folder(lambda: stop(running))
    try:
        yield running
    finally:
        stop(running)
