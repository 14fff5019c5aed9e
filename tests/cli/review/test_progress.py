"""What is said while a review works."""

from __future__ import annotations

import time

import pytest

from cli.review.progress import Progress


def test_a_part_is_told_when_it_begins_and_when_it_ends() -> None:
    lines: list[str] = []
    progress = Progress(lines.append)
    with progress.part("checkov"):
        assert lines == ["   0 s  checkov …"]
    assert lines[1:] == ["   0 s  checkov: done in 0 s"]
    with pytest.raises(ValueError, match="no"), progress.part("checkov"):
        raise ValueError("no")
    assert lines[-1] == "   0 s  checkov: stopped in 0 s"


def test_a_long_silence_is_broken_by_what_is_under_way(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    progress = Progress(lines.append, silence=0.02)
    with progress.watched(), progress.part("checkov"), progress.part("preview of v1.2.2"):
        deadline = time.monotonic() + 10
        while len(lines) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "   0 s  still at checkov, preview of v1.2.2" in lines
    assert lines[-1] == "   0 s  checkov: done in 0 s", "nothing is said afterwards"
    with Progress().part("one"):
        pass
    assert capsys.readouterr().err.startswith("   0 s  one …\n")
