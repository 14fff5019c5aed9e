"""Function and image code is typed too; it is checked as it is built, because its modules meet only there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.artifacts import build, catalogue
from sandbox.artifacts.tree import Files

VERSIONS = sorted({artifact.version for artifact in catalogue.functions()})


def check(files: Files, folder: Path) -> str:
    build.write_tree(files, folder)
    checker = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={folder.parent}/cache", "."]
    return subprocess.run(checker, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_functions_pass_the_strict_type_check(version: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All functions of one version together, so that one run reads the libraries once: handlers get their names."""
    together: Files = {}
    for artifact in catalogue.functions():
        if artifact.version == version:
            own = {name.replace("handler.py", f"{artifact.function}.py"): text for name, text in artifact.files.items()}
            together = {**together, **own} if len(own) > len(together) else {**own, **together}
    assert "Success" in check(together, tmp_path_factory.getbasetemp() / f"functions-{version}")


@pytest.mark.parametrize("version", ["1.5.0", "2.0.0"])
def test_the_image_passes_the_strict_type_check(version: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    image = catalogue.image("rag-api", version)
    assert "Success" in check(image.files, tmp_path_factory.getbasetemp() / f"image-{version}")
