"""The tools under test and a project to run with them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.toolchain.trial_project import Project
from toolchain import pulumi_bundle, pulumi_cli
from toolchain.paths import cache
from toolchain.progress import Progress


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bin folder with the pinned CLI and the language host of this checkout, whatever `ensure` itself prefers."""
    executable = pulumi_cli.ensure(cache(), Progress(quiet=True)) / "pulumi"
    return pulumi_bundle.assemble(executable, tmp_path_factory.mktemp("tools") / "bundle")


@pytest.fixture(scope="session")
def blank(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an empty stack, made once; every test gets a copy."""
    made = Project.at(tmp_path_factory.mktemp("blank"), tools)
    made.write("Pulumi.yaml", "name: trial\nruntime: python\n")
    made.program("")
    made.pulumi("stack", "init", "dev")
    return made.folder.parent


@pytest.fixture
def project(tools: Path, blank: Path, tmp_path: Path) -> Project:
    root = tmp_path / "root"
    shutil.copytree(blank, root)
    return Project.at(root, tools)
