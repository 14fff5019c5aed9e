from __future__ import annotations

from pathlib import Path

from sandbox.setup import no_engine_logs


def test_the_engine_finds_a_file_where_it_would_make_its_folder_for_logs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for _ in range(2):
        no_engine_logs(home)
        assert (home / "logs").is_file()


def test_logs_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "old.log").write_text("kept")
    no_engine_logs(tmp_path)
    assert (tmp_path / "logs" / "old.log").read_text() == "kept"
