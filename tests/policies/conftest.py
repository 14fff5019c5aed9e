"""The pinned command line and an empty project to run with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.trial_project import Project
from toolchain import pulumi_bundle, pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress


@pytest.fixture
def trial(tmp_path: Path) -> Project:
    executable = pulumi_cli.ensure(cache(), Progress(quiet=True)) / "pulumi"
    made = Project.at(tmp_path / "trial", pulumi_bundle.assemble(executable, tmp_path / "bundle"))
    made.write("Pulumi.yaml", "name: trial\nruntime: python\n")
    made.pulumi("stack", "init", "dev")
    return made
