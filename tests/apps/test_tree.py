from pathlib import Path

import pytest

from apps import tree
from apps.errors import ArtifactError


def version(root: Path, number: str, files: dict[str, str]) -> Path:
    folder = root / number
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_version_replaces_files_of_its_base_and_inherits_the_shared_package(tmp_path: Path) -> None:
    system = tmp_path / "system"
    version(system / "_shared", "1.0.0", {"common/__init__.py": "", "common/a.py": "old", "common/b.py": "kept"})
    version(system / "_shared", "1.1.0", {"BASE": "1.0.0\n", "common/a.py": "new"})
    version(system / "f", "1.0.0", {"SHARED": "1.1.0\n", "handler.py": "one", "extra.py": "first"})
    newest = version(system / "f", "1.1.0", {"BASE": "1.0.0\n", "FAULT": "none", "extra.py": "second"})

    assert tree.read(newest) == {
        "common/__init__.py": b"",
        "common/a.py": b"new",
        "common/b.py": b"kept",
        "handler.py": b"one",
        "extra.py": b"second",
    }


def test_a_version_may_move_to_another_shared_package(tmp_path: Path) -> None:
    version(tmp_path / "_shared", "1.0.0", {"a.py": "old"})
    version(tmp_path / "_shared", "2.0.0", {"b.py": "new"})
    version(tmp_path / "f", "1.0.0", {"SHARED": "1.0.0", "handler.py": "h"})
    moved = version(tmp_path / "f", "1.1.0", {"SHARED": "2.0.0", "BASE": "1.0.0"})

    assert tree.read(moved) == {"b.py": b"new", "handler.py": b"h"}


def test_what_running_and_checking_leaves_behind_stays_out(tmp_path: Path) -> None:
    left = {"handler.py": "h", "__pycache__/handler.pyc": "x", ".mypy_cache/x.json": "x", "stray.pyc": "x"}
    assert tree.read(version(tmp_path / "f", "1.0.0", left)) == {"handler.py": b"h"}


def test_a_missing_base_is_named(tmp_path: Path) -> None:
    folder = version(tmp_path / "f", "1.1.0", {"BASE": "1.0.9"})
    with pytest.raises(ArtifactError, match=r"version 1\.0\.9 of f doesn't exist"):
        tree.read(folder)


def test_a_circle_of_bases_is_named(tmp_path: Path) -> None:
    version(tmp_path / "f", "1.0.0", {"BASE": "1.1.0"})
    folder = version(tmp_path / "f", "1.1.0", {"BASE": "1.0.0"})
    with pytest.raises(ArtifactError, match="form a circle"):
        tree.read(folder)


@pytest.mark.parametrize("control", ["BASE", "SHARED"])
@pytest.mark.parametrize("line", ["/etc", "../../secrets", "1.0", "1.0.0/../..", "~/.aws"])
def test_a_line_that_leads_out_of_the_sources_is_refused(tmp_path: Path, control: str, line: str) -> None:
    folder = version(tmp_path / "f", "1.0.0", {"handler.py": "a", control: line})
    with pytest.raises(ArtifactError, match=f"{control} names .*it has to be a version, such as 1.2.0"):
        tree.read(folder)


@pytest.mark.parametrize("name", ["notes.txt", "inner/notes.txt", "BASE", "SHARED", "WITHOUT"])
def test_a_symbolic_link_takes_nothing_from_outside(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "credentials"
    secret.write_text("1.0.0")
    folder = version(tmp_path / "f", "1.0.0", {"handler.py": "a"})
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).symlink_to(secret)
    with pytest.raises(ArtifactError, match="is a symbolic link, and an artifact holds files alone"):
        tree.read(folder)


def test_a_folder_that_is_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    outside = version(tmp_path, "outside", {"credentials": "x"})
    folder = version(tmp_path / "f", "1.0.0", {"handler.py": "a"})
    (folder / "package").symlink_to(outside)
    with pytest.raises(ArtifactError, match="is a symbolic link"):
        tree.read(folder)
