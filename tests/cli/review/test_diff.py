"""Which lines a change added or edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.review.diff import changed_lines
from tests.cli.review.test_workspace import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "a.py").write_text("1\n2\n3\n4\n5\n")
    (folder / "gone.py").write_text("1\n")
    (folder / "ü b.py").write_text("1\n2\n")
    (folder / ".gitignore").write_text("ignored\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "switch", "--quiet", "-c", "change")
    return folder


def test_committed_or_not_each_line_counts_that_the_change_wrote(repository: Path) -> None:
    (repository / "a.py").write_text("1\nnew\nnew\n3\n4 changed\n5\n")
    (repository / "gone.py").unlink()
    git(repository, "commit", "--quiet", "-am", "second")
    (repository / "ü b.py").write_text("1\n2\n3\n")
    (repository / "fresh.py").write_text("+++ b/a.py\n@@ -1 +9 @@\n")
    (repository / "ignored").write_text("1\n")
    found = changed_lines(repository, "main")
    assert found == {"a.py": {2, 3, 5}, "ü b.py": {3}, "fresh.py": {1, 2}}


def test_what_the_trunk_did_meanwhile_is_not_this_changes(repository: Path) -> None:
    git(repository, "switch", "--quiet", "main")
    (repository / "a.py").write_text("0\n1\n2\n3\n4\n5\n")
    git(repository, "commit", "--quiet", "-am", "meanwhile")
    git(repository, "switch", "--quiet", "change")
    assert changed_lines(repository, "main") == {}


def test_a_deletion_leaves_no_line(repository: Path) -> None:
    (repository / "a.py").write_text("1\n5\n")
    assert changed_lines(repository, "main") == {}


def test_files_are_told_from_the_top_of_the_repository(repository: Path) -> None:
    (repository / "below").mkdir()
    (repository / "below" / "x.py").write_text("1\n")
    (repository / "a.py").write_text("0\n")
    assert changed_lines(repository / "below", "main") == {"below/x.py": {1}, "a.py": {1}}


def test_without_git_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert changed_lines(tmp_path, "main") == {}
