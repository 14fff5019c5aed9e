"""What makes a way open or closed."""

from __future__ import annotations

import pytest

from cli.review import ways
from cli.review.preview import read as read_preview
from cli.review.ways import Known, judge, readable_after, window
from stacks.file import read
from stacks.systems import SYSTEMS
from tests.cli.review import made

TRACEBACK = "Program failed with an unhandled exception:\nTraceback (most recent call last):\n  File x\nKeyError: 'a'"


def test_a_way_is_open_where_the_engine_accepts_it() -> None:
    found = judge(made.preview(made.plan(), events=[made.violation("x", "advisory")]), [])
    assert found.reason is None


def test_a_store_that_would_go_closes_it_one_that_may_go_does_not() -> None:
    preview = made.preview(errors=[made.error("something else")])
    lost = [made.risk(f"jobs-{number}") for number in range(5)]
    reason = judge(preview, [made.risk("free", None), *lost]).reason
    assert reason is not None
    assert reason.startswith("jobs-0 would be deleted, jobs-1 would be deleted, jobs-2 would be deleted and 2 more: no")
    assert "\n" not in reason
    assert judge(made.preview(), [made.risk("free", None)]).reason is None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("compaction at v1.2.1 reads\n data format 1", "compaction at v1.2.1 reads data format 1"),
        (TRACEBACK, "KeyError: 'a'"),
    ],
)
def test_a_program_that_refuses_is_an_answer(message: str, reason: str) -> None:
    assert judge(made.preview(errors=[made.error(message)]), []).reason == reason


def test_a_policy_closes_it_unless_the_change_breaks_it_anyway() -> None:
    preview = made.preview(events=[made.violation("blast-radius", text="60 of 100"), made.violation("other")])
    found = judge(preview, [])
    assert found.reason == "policy blast-radius: 60 of 100 (and 1 more)"
    assert found.policies == {("blast-radius", made.PLAN), ("other", made.PLAN)}
    known = Known(policies=frozenset({("blast-radius", made.PLAN)}))
    assert judge(preview, [], known).policies == {("other", made.PLAN)}
    assert judge(preview, [], Known(policies=found.policies)).reason is None


def test_what_the_pinned_release_writes_closes_the_way_to_those_that_cannot_read_it() -> None:
    """v1.4.0 writes receipts in format 2, which v1.2.1 can't read (their manifests)."""
    settings = read("prod", {"rollback-stack:version": "v1.4.0"})
    reason = readable_after(settings, "v1.2.1", {})
    assert reason is not None
    assert reason.startswith("once v1.4.0 is deployed: compaction at v1.2.1 reads data format 1")
    assert readable_after(settings, "v1.2.3", {}) is None
    assert readable_after(read("prod", {"rollback-stack:version": "v1.2.2"}), "v1.2.1", {}) is None


def test_what_is_closed_already_is_not_this_changes_doing() -> None:
    settings = read("prod", {"rollback-stack:version": "v1.2.1"})
    assert (
        readable_after(settings, "v1.2.2", {"compaction": {"dataFormat": {"newest": 2}, "release": "v1.4.0"}}) is None
    )


def test_a_system_with_a_pin_of_its_own_stays() -> None:
    settings = read("prod", {"rollback-stack:version": "v1.2.3", "compaction:version": "v1.2.3"})
    deployed = {name: {"release": "v1.2.3"} for name in settings.project.systems}
    moves = ways.moves(settings, "v1.2.1", deployed)
    assert [move.system for move in moves] == [name for name in settings.project.systems if name != "compaction"]
    assert {(move.old, move.new) for move in moves} == {("v1.2.3", "v1.2.1")}


def test_systems_move_in_their_turns() -> None:
    """v1.4.0 moves async-rag after compaction, and rag-api after async-rag and cryptique; going back is the reverse."""
    settings = read("prod", {"rollback-stack:version": "v1.4.0"})
    deployed = {name: {"release": "v1.4.0"} for name in settings.project.systems}
    order = [move.system for move in ways.moves(settings, "v1.2.3", deployed)]
    assert order.index("rag-api") < order.index("async-rag") < order.index("compaction")
    assert ways.moves(settings, "v1.4.0", deployed) == ()


def test_the_newest_published_releases_are_looked_back_to() -> None:
    assert window(2, None) == window(50, None)[:2]
    assert window(50, None)[-1] == "v1.2.1"
    assert ways.is_faulty("v1.3.0")
    assert not ways.is_faulty("v1.2.3")
    assert not ways.is_faulty("v9.9.9")


def test_a_version_that_is_published_anew_is_said_of_an_open_way() -> None:
    said = "version 1 of worker is gone: it is published anew"
    other = (
        "version 3 of api holds something else than was published (codeSha256): version 4 holds the same, and is used"
    )
    warnings = [{"severity": "warning", "message": f"warning: {line}\n"} for line in (said, other, "something else")]
    preview = read_preview({"steps": [], "diagnostics": [*warnings, {"severity": "info", "message": said}]}, [])
    assert ways.published_anew(preview) == (said, other)
    assert judge(preview, []).reason is None
    assert ways.published_anew(made.preview()) == ()


RELEASES = ("v1.4.0", "v1.3.0", "v1.2.3", "v1.2.2", "v1.2.1")


@pytest.mark.parametrize(
    ("running", "number", "asked"),
    [
        ("v1.2.3", 1, ["v1.2.2"]),
        ("v1.2.3", 2, ["v1.2.2", "v1.2.1"]),
        ("v1.2.3", 3, ["v1.2.2", "v1.2.1", "v1.2.3"]),
        ("v1.2.3", 5, ["v1.2.2", "v1.2.1", "v1.2.3", "v1.3.0", "v1.4.0"]),
        ("v1.4.0", 2, ["v1.3.0", "v1.2.3"]),
        ("v1.2.1", 2, ["v1.2.1", "v1.2.2"]),
        ("v9.9.9", 2, ["v1.4.0", "v1.3.0"]),
        (None, 2, ["v1.4.0", "v1.3.0"]),
    ],
)
def test_the_window_counts_back_from_what_runs_and_then_forward(
    monkeypatch: pytest.MonkeyPatch, running: str | None, number: int, asked: list[str]
) -> None:
    monkeypatch.setattr(ways, "versions", lambda: [*reversed(RELEASES)])
    monkeypatch.setattr(ways, "read_lock", lambda _: dict.fromkeys(RELEASES, ""))
    assert window(number, running) == asked


def test_what_stops_the_change_says_nothing_about_a_release() -> None:
    jobs, files = made.risk("jobs-prod"), made.risk("files-prod")
    hook = made.error("Preview failed: before hook", jobs.urn)
    known = Known(stores={jobs.urn: "jobs-prod"}, failures=frozenset({"the program is broken"}))
    same = judge(made.preview(errors=[hook]), [jobs], known)
    assert (same.reason, same.above) == (None, ("jobs-prod",))
    broken = judge(made.preview(errors=[made.error("the program is broken")]), [], known)
    assert (broken.reason, broken.above) == (None, ("the program is broken",))
    other = judge(made.preview(errors=[hook]), [jobs, files], known)
    assert other.reason is not None
    assert other.reason.startswith("files-prod would be deleted: ")
    policy = judge(made.preview(errors=[hook], events=[made.violation("x")]), [jobs], known)
    assert (policy.reason, policy.above) == ("policy x: it is wrong", ())
    new = judge(made.preview(errors=[hook, made.error("v1.2.1 has no artifact")]), [jobs], known)
    assert new.reason == "v1.2.1 has no artifact"


@pytest.mark.parametrize(
    ("pinned", "moves"),
    [
        ((), len(SYSTEMS)),
        (("compaction",), len(SYSTEMS) - 1),
        (SYSTEMS[:-1], 1),
        (SYSTEMS, len(SYSTEMS)),
    ],
)
def test_where_every_system_is_pinned_on_its_own_the_pins_go(pinned: tuple[str, ...], moves: int) -> None:
    settings = read(
        "prod", {"rollback-stack:version": "v1.2.3", **{f"{system}:version": "v1.2.3" for system in pinned}}
    )
    deployed = {name: {"release": "v1.2.3"} for name in settings.project.systems}
    assert len(ways.moves(settings, "v1.2.2", deployed)) == moves
    assert ways.own_pins(settings) == dict.fromkeys(pinned, "v1.2.3")
