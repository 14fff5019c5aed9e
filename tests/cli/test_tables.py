"""What people read, on the narrowest terminal that they have."""

from __future__ import annotations

import pytest

from cli import tables as show
from cli.health.status import Running
from cli.release.marks import Marks
from stacks.releases import load

NARROW = 80
VERSIONS = ("v1.2.1", "v1.2.2", "v1.2.3", "v1.3.0")


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(NARROW))


def test_releases_are_told_on_80_columns_in_two_or_three_lines_each(capsys: pytest.CaptureFixture[str]) -> None:
    marks = {version: Marks(version) for version in VERSIONS}
    marks["v1.2.3"] = Marks("v1.2.3", ("dev", "staging", "prod"), ("prod rag-api",), ("prod",), ("a.zip", "b.zip"))
    marks["v1.2.2"] = Marks("v1.2.2", lacks=None)
    show.releases_table([*((load(version), version) for version in VERSIONS), (None, "v1.5.0")], marks)
    told = capsys.readouterr().out
    assert max(len(line) for line in told.splitlines()) <= NARROW
    assert len(told.splitlines()) <= 3 * len(VERSIONS) + 6
    words = " ".join(told.split())
    assert "pinned by dev, staging, prod; held by prod rag-api; deployed to prod; lacks 2 artifacts" in words
    assert "whether it lacks an artifact isn't known" in words
    assert "v1.5.0 unpublished" in words
    assert "lacks v1.2.3: a.zip" in words


def row(system: str, **changes: object) -> Running:
    values: dict[str, object] = dict.fromkeys(("moving", "drift", "notes", "failures"), ())
    values |= {"system": system, "pinned": "", "deployed": "46", "release": None, "runs": "there", "as_asked": True}
    return Running(**{**values, "addresses": {}, "look": "", **changes})  # type: ignore[arg-type]


def test_a_row_that_has_no_more_to_tell_has_no_heading(capsys: pytest.CaptureFixture[str]) -> None:
    show.systems_table([row("rag-api", look="kubectl get pods"), row("stores")])
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line == "rag-api"] == ["rag-api"]
    assert "stores" not in told
    show.systems_table([row("stores", drift=("the table is gone",))])
    assert "stores" in capsys.readouterr().out.splitlines()
