"""Which previews a review runs, what it asks the base, and what it makes of a preview that failed."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.engine import Engine
from cli.pulumi_command import EngineError
from cli.review import base, preview, standards, work
from cli.review.errors import ReviewError
from cli.review.markdown import document
from cli.review.model import Review
from cli.review.preview import Preview, Violation
from cli.review.progress import Progress
from cli.review.standards import Standards
from cli.review.ways import window
from cli.review.work import Work
from core.errors import ServiceError
from guard.recovery.catalogue import Catalogue
from policies import checkov, waivers
from policies.waivers import Waiver
from stacks.file import read
from stacks.systems import SYSTEMS
from tests.cli.review import made

PINNED = "v1.2.3"
TRACEBACK = "Program failed with an unhandled exception:\nTraceback (most recent call last):\n  File x\nKeyError: 'a'\n"
HELD = made.step("same", "jobs", made.TABLE)
CLOSED = made.preview(HELD, made.plan(removals=[made.entry("jobs", "no")]))


PLAN: dict[str, Any] = {"resourcePlans": {}}
"""What the engine saves as the update plan."""


@dataclass
class World:
    """An engine, an account and a base that a test decides about."""

    answers: dict[str, Preview] = field(default_factory=dict)
    """By release; ``made.preview(HELD)`` for any other."""
    open_at_base: bool = True
    held: Standards = field(default_factory=Standards)
    """What the change does to what it is held against."""
    by_base: Preview | Exception = field(default_factory=lambda: made.preview(HELD))
    """What a preview says that the base's policies judge."""
    judged_by: list[Path] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    asked_of_base: list[str] = field(default_factory=list)
    scanned: list[Mapping[str, Any]] = field(default_factory=list)
    plans: list[Mapping[str, Any] | None] = field(default_factory=list)
    """The update plans that came with what was scanned."""
    running: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(
        self, folder: Path, stack: str, settings: Path, pack: Path | None = None, *, planned: bool = False
    ) -> Preview:
        if pack is not None:
            self.judged_by.append(pack)
            if isinstance(self.by_base, Exception):
                raise self.by_base
            return self.by_base
        version = yaml.safe_load(settings.read_text())["config"]["rollback-stack:version"]
        with self.lock:
            self.asked.append(version)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1
        return replace(self.answers.get(version, made.preview(HELD)), plan=PLAN if planned else None)

    def scan(self, document: Mapping[str, Any], update_plan: Mapping[str, Any] | None = None) -> checkov.Report:
        self.scanned.append(document)
        self.plans.append(update_plan)
        return made.report()

    def is_open(self, version: str, *_: object) -> bool:
        self.asked_of_base.append(version)
        return self.open_at_base


def state() -> dict[str, Any]:
    outputs = {"version": PINNED, "systems": {name: {"release": PINNED} for name in SYSTEMS}}
    root = {"urn": made.ROOT, "type": "pulumi:pulumi:Stack", "outputs": outputs}
    provider = {"urn": "urn:pulumi:prod::p::pulumi:providers:aws::default", "type": "pulumi:providers:aws"}
    replaced = {"urn": "urn:old", "type": made.TABLE, "delete": True}
    return {"deployment": {"resources": [root, provider, replaced, HELD["newState"]]}}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made_up = World()
    root = {"op": "same", "urn": made.ROOT, "newState": {"urn": made.ROOT, "type": "pulumi:pulumi:Stack"}}
    made_up.answers[PINNED] = made.preview(root, HELD)
    monkeypatch.setattr(preview, "run", made_up.run)
    monkeypatch.setattr(checkov, "scan", made_up.scan)
    monkeypatch.setattr(Engine, "state", lambda self: state())
    monkeypatch.setattr(Engine, "history", lambda self: [])
    monkeypatch.setattr(Catalogue, "evidence", lambda self, store: None)
    monkeypatch.setattr(waivers, "load", lambda *_: ())
    monkeypatch.setattr(work, "base_of", lambda root, revision: (revision or "the trunk", "0" * 40))
    monkeypatch.setattr(work, "program_at", lambda root, commit, target: target)
    monkeypatch.setattr(standards, "compare", lambda root, commit: made_up.held)
    monkeypatch.setattr(base, "program_at", lambda root, commit, target: target)
    monkeypatch.setattr(base.BaseProgram, "is_open", lambda self, *given: made_up.is_open(*given))
    return made_up


def reviewed(tmp_path: Path, number: int = 3, revision: str | None = None) -> Review:
    settings = read("prod", {"rollback-stack:version": PINNED})
    quiet = Progress(write=lambda line: None)
    return Work(settings, tmp_path, made.NOW, progress=quiet).review(revision, number)


@pytest.fixture(autouse=True)
def pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A checkout that pins v1.2.3."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": {"rollback-stack:version": PINNED}}))
    monkeypatch.setattr(work, "STACKS", folder)


def test_the_pinned_release_is_previewed_once_and_never_more_than_two_at_a_time(world: World, tmp_path: Path) -> None:
    found = reviewed(tmp_path, number=5)
    assert world.asked[0] == PINNED
    assert sorted(world.asked) == sorted(window(5, PINNED))
    assert world.most == 2
    assert [way.version for way in found.ways] == window(5, None)
    assert found.passed
    assert found.base is None
    assert world.asked_of_base == []
    assert [way.version for way in found.ways if way.here] == [PINNED]


def test_checkov_is_given_the_update_plan_of_the_one_preview_of_the_change(world: World, tmp_path: Path) -> None:
    reviewed(tmp_path)
    assert world.plans == [PLAN]
    assert world.asked.count(PINNED) == 1


def test_only_closed_ways_are_asked_of_the_base(world: World, tmp_path: Path) -> None:
    world.answers["v1.2.2"] = CLOSED
    found = reviewed(tmp_path, number=5, revision="main")
    assert world.asked_of_base == ["v1.2.2"]
    assert found.base is not None
    assert found.base.revision == "main"
    assert [way.version for way in found.ways if way.closed_here] == ["v1.2.2"]
    assert found.failures[-1].startswith("this change closes the way to v1.2.2")


def test_a_way_that_was_closed_before_fails_nothing(world: World, tmp_path: Path) -> None:
    world.answers["v1.2.2"], world.open_at_base = CLOSED, False
    found = reviewed(tmp_path, number=5)
    assert found.passed
    assert [way.version for way in found.ways if not way.open] == ["v1.2.2"]


def test_a_waiver_lets_a_way_be_closed_and_the_base_is_not_asked(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires: datetime = made.NOW
    given = Waiver(policy="way-back", resource="v1.2.2", reason="it is retired", owner="ada", expires=expires.date())
    monkeypatch.setattr(waivers, "load", lambda names, fixed: (given,) if "way-back" in names else ())
    world.answers["v1.2.2"] = CLOSED
    found = reviewed(tmp_path, number=5)
    assert found.passed
    assert world.asked_of_base == []
    assert [way.waived.owner for way in found.ways if way.waived] == ["ada"]


def test_a_refusal_is_reported_and_checkov_is_asked_where_every_resource_was_seen(world: World, tmp_path: Path) -> None:
    root = {"op": "same", "urn": made.ROOT, "newState": {"urn": made.ROOT}}
    gone = made.step("delete", "jobs", made.TABLE)
    refused = made.error('Preview failed: before hook "durable-store" failed: no', gone["urn"])
    world.answers[PINNED] = made.preview(root, gone, errors=[refused])
    found = reviewed(tmp_path, number=1)
    assert [risk.name for risk in found.risks] == ["jobs"]
    assert found.stopped == ()
    assert found.failures[0] == "durable stores at risk: jobs would be deleted"
    assert world.scanned[0]["diagnostics"] == []
    world.answers[PINNED] = made.preview(gone, errors=[refused])
    cut = reviewed(tmp_path, number=1)
    assert (cut.checkov, len(world.scanned), cut.whole) == (None, 1, False)
    assert cut.policies_not_asked > 30


def test_a_program_that_does_not_run_cannot_be_reviewed(world: World, tmp_path: Path) -> None:
    world.answers[PINNED] = made.preview(errors=[made.error(TRACEBACK)])
    with pytest.raises(ReviewError, match=r"^the program can't be previewed: KeyError: 'a'$"):
        reviewed(tmp_path)


def test_a_stack_that_was_never_deployed_says_so(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Engine) -> dict[str, Any]:
        raise EngineError("no stack named 'prod' found")

    monkeypatch.setattr(Engine, "state", none)
    with pytest.raises(ReviewError, match="prod was never deployed: run `rollback up -s prod`"):
        reviewed(tmp_path)


def test_a_catalogue_that_does_not_answer_fails_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Catalogue, store: object) -> None:
        raise ServiceError("access denied")

    monkeypatch.setattr(Catalogue, "evidence", refuse)
    found = reviewed(tmp_path)
    assert (found.secured_unknown, found.passed) == ("access denied", True)


def test_a_release_that_was_rewritten_or_dropped_fails_the_review(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.held = Standards(("v1.2.2",), ("v1.2.1",), ("guard/hook.py",))
    found = reviewed(tmp_path)
    assert [line.split()[0:2] for line in found.failures] == [["v1.2.2", "isn't"], ["this", "change"]]
    assert found.judges == ("guard/hook.py",)
    given = Waiver(policy="way-back", resource="v1.2.*", reason="it is retired", owner="ada", expires=made.NOW.date())
    monkeypatch.setattr(waivers, "load", lambda names, fixed: (given,) if "way-back" in names else ())
    assert [line.split()[0] for line in reviewed(tmp_path).failures] == ["v1.2.2"]  # what was published has no waiver


def gone(*, also: str | None = None) -> Preview:
    """A preview that is stopped by a table that would go, and by something else."""
    step = made.step("delete", "jobs", made.TABLE)
    refused = made.error('Preview failed: before hook "durable-store" failed: no\nrollback recovery make', step["urn"])
    return made.preview(step, errors=[refused, *([made.error(also)] if also else [])])


VIOLATION = Violation("queue-redrive", "mandatory", "high", "urn:q", "no redrive")


@pytest.mark.parametrize(
    ("by_base", "line"),
    [
        (made.preview(HELD), None),
        (
            replace(made.preview(HELD), violations=(VIOLATION,)),
            "the base's policies refuse what this change's own pass: queue-redrive",
        ),
        (replace(made.preview(HELD), violations=(replace(VIOLATION, enforcement="advisory"),)), None),
        (
            ReviewError("unknown policy 'new'"),
            "the base's policies can't judge this change, so a person has to: unknown policy 'new'",
        ),
    ],
)
def test_a_change_of_what_judges_is_judged_by_the_base_as_well(
    world: World, tmp_path: Path, by_base: Preview | Exception, line: str | None
) -> None:
    world.held, world.by_base = Standards(judges=("policies/queues.py",)), by_base
    found = reviewed(tmp_path)
    assert world.judged_by == [tmp_path / "judge" / "policies"]
    assert [each for each in found.failures if "the base's policies" in each] == ([line] if line else [])
    assert found.judges == ("policies/queues.py",)


def test_what_the_changes_own_policies_refuse_too_is_told_once(world: World, tmp_path: Path) -> None:
    both = replace(made.preview(HELD), violations=(VIOLATION,))
    world.held, world.by_base = Standards(judges=("guard/hook.py",)), both
    world.answers[PINNED] = both
    assert not [each for each in reviewed(tmp_path).failures if "the base's policies" in each]


def test_a_change_of_the_program_alone_is_judged_once(world: World, tmp_path: Path) -> None:
    reviewed(tmp_path)
    assert world.judged_by == []


def test_a_store_at_risk_is_told_once_and_not_once_more_for_each_release(world: World, tmp_path: Path) -> None:
    for version in window(5, PINNED):
        world.answers[version] = gone()
    found = reviewed(tmp_path, number=5)
    assert found.failures == ("durable stores at risk: jobs would be deleted",)
    assert world.asked == [PINNED, "v1.2.2"], "the nearest release says whose fault it is"
    assert world.asked_of_base == []
    assert [way.version for way in found.ways] == window(5, None)
    assert {(way.open, way.closed_here, way.above) for way in found.ways} == {(False, False, ("jobs",))}
    text = document(found)
    assert text.count("would be **deleted**") == 1
    assert "waivers.yaml" not in text


def test_a_store_that_only_the_pinned_release_takes_away_leaves_the_ways_to_be_asked(
    world: World, tmp_path: Path
) -> None:
    world.answers[PINNED] = gone()
    found = reviewed(tmp_path, number=5)
    assert sorted(world.asked) == sorted(window(5, PINNED))
    assert [way.version for way in found.ways if not way.open] == [PINNED]
    world.asked.clear()
    for version in window(5, PINNED):
        world.answers[version] = gone(also=None if version == PINNED else f"{version} has no artifact")
    closed = reviewed(tmp_path, number=2)
    assert world.asked == [PINNED, "v1.2.2", "v1.2.1"]
    assert [way.reason for way in closed.ways] == ["v1.2.2 has no artifact", "v1.2.1 has no artifact"]


def test_fewer_releases_than_there_are_lead_back_and_not_forward(world: World, tmp_path: Path) -> None:
    found = reviewed(tmp_path, number=2)
    assert [way.version for way in found.ways] == ["v1.2.2", "v1.2.1"]
    assert sorted(world.asked) == ["v1.2.1", "v1.2.2", PINNED]


def test_where_every_system_is_pinned_on_its_own_the_ways_move_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = {f"{system}:version": "v1.2.2" for system in SYSTEMS}
    text = yaml.safe_dump({"config": {"rollback-stack:version": PINNED, **pins}})
    (tmp_path / "stacks" / "Pulumi.prod.yaml").write_text(text)
    running = state()
    running["deployment"]["resources"][0]["outputs"]["systems"] = {name: {"release": "v1.2.2"} for name in SYSTEMS}
    monkeypatch.setattr(Engine, "state", lambda self: running)
    settings = read("prod", {"rollback-stack:version": PINNED, **pins})
    found = Work(settings, tmp_path, made.NOW, progress=Progress(lambda line: None)).review(None, 3)
    assert {way.version: len(way.moves) for way in found.ways} == {
        "v1.2.3": len(SYSTEMS),
        "v1.2.2": 0,
        "v1.2.1": len(SYSTEMS),
    }
    assert [way.version for way in found.ways if way.here] == ["v1.2.2"]
    head = document(found).splitlines()[3]
    assert head.startswith("prod runs v1.2.2; this change pins each system on its own: async-rag at v1.2.2, ")
    assert "v1.2.3" not in head
    assert "`rollback deploy VERSION --unpin -s STACK` moves them" in document(found)


def test_something_is_said_from_the_beginning(world: World, tmp_path: Path) -> None:
    lines: list[str] = []
    settings = read("prod", {"rollback-stack:version": PINNED})
    Work(settings, tmp_path, made.NOW, progress=Progress(lines.append)).review(None, 3)
    assert lines[0] == "   0 s  preview of the change …"
    said = "\n".join(lines)
    assert all(f"preview of {version}: done in 0 s" in said for version in ("v1.2.1", "v1.2.2"))
    assert "checkov: done" in said
