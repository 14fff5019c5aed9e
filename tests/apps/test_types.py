"""Function and image code is typed too; it is checked as it is built, because its modules meet only there.

Part of `make check`, as all types are, and so of every run of continuous integration; `make test` leaves it out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apps import archives, catalogue
from apps.tree import Files
from tests.support.receipts import RELEASES

pytestmark = pytest.mark.long

VERSIONS = sorted({(artifact.system, artifact.version) for artifact in catalogue.functions()})
BESIDE = {("compaction", handlers): package for handlers, package in RELEASES.values()}
"""The newest version of the system's layer that a release pins beside a version of its functions."""


def check(files: Files, folder: Path) -> str:
    archives.write_tree(files, folder)
    checker = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder.parent}/cache", "."]
    return subprocess.run(checker, cwd=folder, capture_output=True, text=True, check=False).stdout


def library(system: str, version: str) -> Files:
    """The packages of a system's layers, as they lie on the path."""
    found = [layer for layer in catalogue.layers() if (layer.system, layer.version) == (system, version)]
    return {name.removeprefix("python/"): text for layer in found for name, text in layer.own.items()}


def together(system: str, version: str) -> Files:
    """All functions of one version of a system, so that one run reads the libraries once: handlers get their names."""
    merged: Files = {}
    for artifact in catalogue.functions():
        if (artifact.system, artifact.version) == (system, version):
            own = {name.replace("handler.py", f"{artifact.function}.py"): text for name, text in artifact.own.items()}
            merged = {**merged, **own} if len(own) > len(merged) else {**own, **merged}
    return merged


@pytest.mark.parametrize(("system", "version"), VERSIONS)
def test_functions_pass_the_strict_type_check(
    system: str, version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {**library(system, BESIDE.get((system, version), "")), **together(system, version)}
    assert "Success" in check(files, tmp_path_factory.getbasetemp() / f"{system}-{version}")


def test_old_handlers_and_old_package_pass_the_strict_type_check(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The one pair that is left: v1.2.1's, whose handlers v1.2.2 runs beside a newer package."""
    files = {**library("compaction", "1.0.0"), **together("compaction", "1.0.0")}
    assert "Success" in check(files, tmp_path_factory.getbasetemp() / "compaction-oldest")


@pytest.mark.parametrize("version", ["1.5.0", "2.0.0"])
def test_the_image_passes_the_strict_type_check(version: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    image = catalogue.image("rag-api", version)
    assert "Success" in check(image.files, tmp_path_factory.getbasetemp() / f"image-{version}")
