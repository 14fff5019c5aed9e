"""prod in the worker's sandbox: deployed once, and put right before each file of tests."""

from __future__ import annotations

import os

import pytest

from sandbox import setup
from tests.conftest import TEST_MINUTE
from tests.support.project import Project, copy_project
from tests.support.sandbox import RunningSandbox
from toolchain.progress import Progress

RELEASE = "v1.2.3"
"""The release that a file of tests finds in prod, unless it names another in a ``RELEASE`` of its own."""


@pytest.fixture(scope="session")
def deployed(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """prod, first deployed by the command line."""
    project = copy_project(tmp_path_factory.mktemp("deployed") / "project", {**os.environ, **sandbox.environment})
    done = project.rollback("deploy", RELEASE)
    assert done.code == 0, done.said
    return project


@pytest.fixture(scope="module")
def prod(request: pytest.FixtureRequest, sandbox: RunningSandbox, deployed: Project) -> Project:
    """prod at the file's release and with the settings of the checkout, whatever another file left behind."""
    release = getattr(request.module, "RELEASE", RELEASE)
    if not all(server.process() for server in setup.running(sandbox.state)):
        setup.up(sandbox.state, Progress(quiet=True), TEST_MINUTE)
    if not deployed.is_at(release):
        deployed.restore_settings()
        deployed.up(release)
    return deployed
