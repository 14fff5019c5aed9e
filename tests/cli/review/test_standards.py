"""What a change does to what it is held against, in a repository of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.review.standards import Standards, compare
from core.release_lock import digest

RELEASES = Path("stacks/releases")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with two published releases, one of which has an addition, and a guard."""
    for name, text in {"v1.0.0": "one", "v1.1.0": "two", "v1.0.0.d/api": "added"}.items():
        path = tmp_path / RELEASES / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "hook.py").write_text("refuse()")
    lock(tmp_path)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "base"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def lock(root: Path) -> None:
    """Publish whatever lies there."""
    files = sorted((root / RELEASES).rglob("*.yaml"))
    names = {path: str(path.relative_to(root / RELEASES)).replace(".d/", "/").removesuffix(".yaml") for path in files}
    content = {name: digest(path.read_bytes()) for path, name in names.items()}
    (root / RELEASES / "releases.lock").write_text(json.dumps(content))


def edit(name: str) -> Callable[[Path], object]:
    return lambda root: (root / RELEASES / name).write_text("three")


def drop(name: str) -> Callable[[Path], object]:
    return lambda root: (root / RELEASES / name).unlink()


def new(name: str) -> Callable[[Path], object]:
    def write(root: Path) -> None:
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()

    return write


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda root: None, Standards()),
        (edit("v1.0.0.yaml"), Standards(rewritten=("v1.0.0",))),
        (edit("v1.0.0.d/api.yaml"), Standards(rewritten=("v1.0.0",))),
        (edit("v1.2.0.yaml"), Standards()),
        (drop("v1.1.0.yaml"), Standards(dropped=("v1.1.0",))),
        (drop("v1.0.0.d/api.yaml"), Standards(dropped=("v1.0.0",))),
        (lambda root: (root / "guard/hook.py").write_text("pass"), Standards(judges=("guard/hook.py",))),
        (new(".github/actions/rollback/action.yml"), Standards(judges=(".github/actions/rollback/action.yml",))),
        (lambda root: (root / "guard/new.py").write_text(""), Standards(judges=("guard/new.py",))),
    ],
    ids=[
        "nothing",
        "manifest",
        "addition",
        "new",
        "dropped",
        "addition dropped",
        "guard",
        "action",
        "new in the guard",
    ],
)
def test_what_differs_from_the_base(root: Path, change: Callable[[Path], object], wanted: Standards) -> None:
    change(root)
    lock(root)
    assert compare(root, "HEAD") == wanted


def test_a_release_that_lost_its_file_and_not_its_line_is_dropped(root: Path) -> None:
    (root / RELEASES / "v1.1.0.yaml").unlink()
    assert compare(root, "HEAD") == Standards(dropped=("v1.1.0",))


def test_a_base_without_releases_has_none_to_keep(root: Path) -> None:
    assert compare(root, "0" * 40).dropped == ()
