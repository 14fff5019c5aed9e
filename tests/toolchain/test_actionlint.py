"""actionlint: where it comes from, and what it says of the project's workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolchain import actionlint, gobuild
from toolchain.errors import ToolchainError
from toolchain.paths import cache
from toolchain.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
QUIET = Progress(quiet=True)


@pytest.fixture(scope="module")
def executable() -> Path:
    """Built in 20 s where the cache hasn't got it."""
    return actionlint.ensure(cache(), QUIET)


def script(folder: Path, text: str) -> Path:
    path = folder / "actionlint"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_every_workflow_passes(executable: Path) -> None:
    assert len(WORKFLOWS) >= 3
    assert [str(fault) for fault in actionlint.check(executable, WORKFLOWS)] == []


def test_a_fault_is_found_with_its_line(executable: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yml"
    path.write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.nonsense }}\n"
    )
    (fault,) = actionlint.check(executable, [path])
    assert fault.line == 6
    assert 'property "nonsense" is not defined' in str(fault)


def test_one_on_path_is_taken_if_it_is_the_pinned_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    own = script(tmp_path, f"echo {actionlint.version()}")
    assert actionlint.ensure(tmp_path / "cache", QUIET) == own
    script(tmp_path, "echo 0.0.1")
    built = tmp_path / "built"
    monkeypatch.setattr(gobuild, "build", lambda *_, **__: built)
    assert actionlint.ensure(tmp_path / "cache", QUIET) == built
    script(tmp_path, "exit 3")
    assert actionlint.ensure(tmp_path / "cache", QUIET) == built


def test_one_that_cannot_run_is_an_error_of_one_line(tmp_path: Path) -> None:
    broken = script(tmp_path, "echo first >&2; echo 'could not read' >&2; exit 3")
    with pytest.raises(ToolchainError, match=r"^actionlint failed: could not read$"):
        actionlint.check(broken, [])
