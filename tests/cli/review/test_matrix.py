"""A row of the way-back matrix, and what the base says of a closed one."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.review import preview as engine
from cli.review.base import BaseProgram
from cli.review.errors import ReviewError
from cli.review.estimate import Past
from cli.review.matrix import Matrix
from cli.review.model import Secured
from cli.review.preview import Preview
from cli.review.ways import Known
from guard.durable import Kind
from policies.waivers import WAY_BACK, Waiver
from stacks.direction import Direction
from stacks.file import read
from stacks.systems import SYSTEMS
from tests.cli.review import made

BROKEN = made.preview(events=[made.violation("blast-radius", text="60 of 100")])


def waiver(resource: str, expires: date) -> Waiver:
    return Waiver(policy=WAY_BACK, resource=resource, reason="v1.2.1 is retired", owner="platform", expires=expires)


def matrix(**more: Any) -> Matrix:
    secured = [
        Secured(name=name, kind=Kind.TABLE, system=system, fault=fault, remedy=None)
        for name, system, fault in (("a", "async-rag", "none"), ("b", "async-rag", None), ("c", "other", "none"))
    ]
    given: dict[str, Any] = {
        "settings": read("prod", {"rollback-stack:version": "v1.2.3"}),
        "outputs": {"version": "v1.2.3", "systems": {name: {"release": "v1.2.3"} for name in SYSTEMS}},
        "known": Known(),
        "past": [Past(40.0, 2, Direction.BACK)],
        "secured": secured,
        "approvals": (),
        "waivers": (),
        "now": made.NOW,
        **more,
    }
    return Matrix(**given)


def test_an_open_way_says_what_moves_how_much_changes_and_how_long_it_takes() -> None:
    steps = [made.step("update", "a", made.FUNCTION), made.step("delete", "b", made.FUNCTION)]
    way, found = matrix().row("v1.2.2", made.preview(made.holder(), *steps))
    assert way.open
    assert found.reason is None
    assert [move.system for move in way.moves] == list(SYSTEMS)
    assert way.counts == {"delete": 1, "update": 1}
    assert (way.seconds, way.basis) == (40.0, "by 1 update back")
    assert way.unsecured == 1
    assert not way.here


def test_the_release_that_runs_is_marked() -> None:
    way, _ = matrix().row("v1.2.3", made.preview())
    assert (way.here, way.moves, way.seconds) == (True, (), 0.0)


def test_a_closed_way_has_no_estimate_and_names_the_stores_that_would_go() -> None:
    told = made.plan(removals=[made.entry("jobs", "no recovery point\nmake one")])
    way, _ = matrix().row("v1.2.2", made.preview(told, made.step("delete", "jobs", made.TABLE)))
    assert (way.open, way.seconds) == (False, None)
    assert way.reason == "jobs-prod would be deleted: no recovery point"
    assert [risk.name for risk in way.stores] == ["jobs-prod"]


def test_a_release_that_cannot_be_selected_has_the_previews_answer() -> None:
    way, _ = matrix().row("v9.9.9", made.preview(errors=[made.error("unknown version 'v9.9.9'")]))
    assert (way.reason, way.moves) == ("unknown version 'v9.9.9'", ())


@pytest.mark.parametrize(
    ("resource", "expires", "counts"),
    [
        ("v1.2.1", date(2026, 11, 26), True),
        ("v1.2.*", date(2027, 1, 1), True),
        ("v1.2.2", date(2027, 1, 1), False),
        ("v1.2.1", date(2026, 11, 25), False),
    ],
)
def test_a_waiver_names_the_release_and_has_an_end(resource: str, expires: date, counts: bool) -> None:
    way, _ = matrix(waivers=[waiver(resource, expires)]).row("v1.2.1", BROKEN)
    assert (way.waived is not None) is counts
    opened, _ = matrix(waivers=[waiver(resource, expires)]).row("v1.2.1", made.preview())
    assert opened.waived is None


def test_what_the_change_breaks_everywhere_closes_no_single_way() -> None:
    known = Known(policies=frozenset({("blast-radius", made.PLAN)}))
    assert matrix(known=known).row("v1.2.1", BROKEN)[0].open
    assert not matrix().row("v1.2.1", BROKEN)[0].open


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseProgram:
    """A base that pins v1.2.3 and has two releases."""
    folder = tmp_path / "base"
    (folder / "stacks" / "releases").mkdir(parents=True)
    for version in ("v1.2.1", "v1.2.3"):
        (folder / "stacks" / "releases" / f"{version}.yaml").touch()
    (folder / "stacks" / "Pulumi.prod.yaml").write_text(
        yaml.safe_dump({"config": {"rollback-stack:version": "v1.2.3"}})
    )
    monkeypatch.setattr("cli.review.base.program_at", lambda root, commit, target: folder)
    return BaseProgram(tmp_path, "abc", tmp_path, "prod")


CLOSED = frozenset({("blast-radius", made.PLAN)})


@pytest.mark.parametrize(
    ("preview", "policies", "is_open"),
    [
        (made.preview(), CLOSED, True),
        (BROKEN, CLOSED, False),
        (made.preview(events=[made.violation("unrelated")]), CLOSED, True),
        (made.preview(errors=[made.error("the program refuses")]), frozenset(), False),
        (made.preview(made.plan(removals=[made.entry("jobs", "no")])), frozenset(), False),
    ],
)
def test_the_base_is_judged_by_what_closes_the_way_now(
    base: BaseProgram,
    monkeypatch: pytest.MonkeyPatch,
    preview: Preview,
    policies: frozenset[tuple[str, str]],
    is_open: bool,
) -> None:
    asked = []

    def run(folder: Path, stack: str, settings: Path) -> Preview:
        asked.append((folder, yaml.safe_load(settings.read_text())["config"]["rollback-stack:version"]))
        return preview

    monkeypatch.setattr(engine, "run", run)
    assert base.is_open("v1.2.1", policies, {}, made.NOW) is is_open
    assert asked == [(base.folder, "v1.2.1")]


def test_what_the_base_does_not_have_was_not_open_there(base: BaseProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Preview:
        raise ReviewError("no")

    monkeypatch.setattr(engine, "run", refuse)
    assert not base.is_open("v1.2.1", CLOSED, {}, made.NOW)
    monkeypatch.setattr(engine, "run", lambda *_: made.preview())
    assert base.is_open("v1.2.1", CLOSED, {}, made.NOW)
    assert not base.is_open("v1.2.2", CLOSED, {}, made.NOW)
    settings = base.stacks / "Pulumi.prod.yaml"
    settings.write_text(yaml.safe_dump({"config": {"rollback-stack:version": "v1.4.0"}}))
    assert not base.is_open("v1.2.1", CLOSED, {}, made.NOW), "the base itself deploys a format that v1.2.1 can't read"
    settings.write_text("config: {nonsense:key: x}")
    assert not base.is_open("v1.2.1", CLOSED, {}, made.NOW)
    settings.unlink()
    assert not base.is_open("v1.2.1", CLOSED, {}, made.NOW)
