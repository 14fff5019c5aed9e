"""Every good release, one after the other: each system answers for it, and does what its users want of it.

`rollback deploy` ends well only where all closing checks hold: health of every system with the release that it runs, a
document through async-rag, a receipt through compaction, a document on cryptique, a job through security-assistant, a
query of rag-api.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from stacks.releases import load, versions
from tests.conftest import TEST_MINUTE
from tests.support.project import Project, copy_project
from tests.support.sandbox import start, stop

pytestmark = [pytest.mark.engine, pytest.mark.sandbox, pytest.mark.long]

GOOD = [version for version in versions() if load(version).quality == "good"]


@pytest.fixture
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """prod in a sandbox of its own: the newest release writes receipts in a format that the oldest can't read."""
    running = start(tmp_path_factory.mktemp("alone"), TEST_MINUTE)
    try:
        environment = {**os.environ, **running.environment}
        yield copy_project(tmp_path_factory.mktemp("releases") / "project", environment)
    finally:
        stop(running)


@pytest.mark.timeout(900)
def test_every_good_release_passes_its_closing_checks(alone: Project) -> None:
    newest = GOOD[-1]
    for version in [*GOOD, *(each for each in reversed(GOOD[1:]) if each != newest)]:
        done = alone.rollback("deploy", version)
        assert done.code == 0, done.said
        assert {each["release"] for each in alone.outputs()["systems"].values()} == {version}
        checks = [line for line in done.output.splitlines() if line.startswith("ok ")]
        assert len(checks) >= 11, done.output
