"""What releases are to stacks, and what may be retired because no stack needs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from apps import registry
from cli.pulumi_command import EngineError
from cli.release import marks as marking
from cli.release import places, publishing, retiring
from cli.release.errors import ReleaseError
from cli.release.marks import Marks
from cli.release.places import Bucket
from core.model import ConfigurationError
from stacks.file import read
from stacks.pinned import pinned
from stacks.releases import load, versions
from tests.cli.release.conftest import NEW, TODAY, Registry

NOTHING: Mapping[str, Any] = {}


def outputs(stack: str) -> Mapping[str, Any]:
    if stack == "staging":
        raise EngineError("no backend")
    return {"systems": {"rag-api": {"release": "v1.2.2"}}} if stack == "prod" else NOTHING


def test_who_pins_and_runs_each_and_what_it_lacks() -> None:
    lost = pinned(load("v1.4.0"))[0]
    found, untold = marking.marks(outputs, lambda items: {each for each in items if each == lost})
    by_version = {each.version: each for each in found}
    assert list(by_version) == versions()
    assert by_version["v1.2.3"].pinned == ("dev", "staging", "prod")
    assert by_version["v1.2.2"].deployed == ("prod",)
    assert untold == ["what staging runs isn't known: no backend"]
    lacking = {version for version, each in by_version.items() if each.lacks}
    assert lacking == {version for version in versions() if lost in pinned(load(version))}
    assert not by_version["v1.3.0"].is_used


def test_what_cannot_be_looked_at_is_told_apart_from_what_is_there() -> None:
    found, _ = marking.marks(lambda _: NOTHING, lambda _: None)
    assert {each.lacks for each in found} == {None}


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"compaction:version": "v1.2.2"}, ("prod compaction",)),
        ({"rag-api:canary": '{"version": "v1.2.2"}'}, ("prod rag-api:canary",)),
        ({"compaction:handlersFrom": "v1.2.2"}, ("prod compaction:handlersFrom",)),
    ],
)
def test_what_holds_a_release(monkeypatch: pytest.MonkeyPatch, change: dict[str, str], held: tuple[str, ...]) -> None:
    monkeypatch.setattr(marking, "read", lambda stack: read(stack, change if stack == "prod" else None))
    found, _ = marking.marks(lambda _: NOTHING, lambda _: set())
    assert next(each.held for each in found if each.version == "v1.2.2") == held


def used(*in_use: str) -> list[Marks]:
    return [Marks(version, pinned=("prod",) if version in in_use else ()) for version in versions()]


@pytest.mark.parametrize(
    ("in_use", "number", "stays"),
    [
        (("v1.4.0",), 1, {"v1.3.0", "v1.4.0"}),
        (("v1.2.3",), 1, {"v1.2.2", "v1.2.3", "v1.3.0", "v1.4.0"}),
        (("v1.2.2", "v1.4.0"), 1, set(versions())),
        (("v1.4.0",), 9, set(versions())),
    ],
)
def test_the_window(in_use: tuple[str, ...], number: int, stays: set[str]) -> None:
    assert retiring.kept(used(*in_use), number) == stays


def test_where_nothing_is_in_use_nothing_may_go() -> None:
    with pytest.raises(ReleaseError, match="nothing is retired"):
        retiring.kept(used())


def settings(version: str) -> dict[str, Any]:
    return {"prod": read("prod", {"rollback-stack:version": version})}


def test_only_what_nobody_needs_is_listed() -> None:
    found = {each.item: each.releases for each in retiring.candidates(used("v1.4.0"), settings("v1.4.0"), 1)}
    needed = {item for version in ("v1.3.0", "v1.4.0") for item in pinned(load(version))}
    every = {item for version in versions() for item in pinned(load(version))}
    assert found
    assert not needed & set(found)
    left = every - needed - set(found)
    assert {item.kind for item in left} <= {"layers"}  # every stack has the layers of every release
    assert all(item in pinned(load(version)) for item, which in found.items() for version in which)


@pytest.mark.long
def test_what_is_retired_goes_with_a_record_and_isnt_brought_back(
    bucket: Bucket, images: Registry, built: Path, written: Path
) -> None:
    publishing.publish(NEW, TODAY, bucket, built, written)
    publishing.bring_all(bucket, built, written)
    marks = [*used("v1.4.0"), Marks(NEW)]
    found = retiring.candidates(marks, settings("v1.4.0"), 1, written)
    there = retiring.present(found, bucket, places.by_files())
    assert there
    assert {each.item.kind for each in there} == {"functions", "revisions"}  # the old images are in no registry
    image = next(each for each in pinned(load(NEW, written)) if each.kind == "images")
    there.append(retiring.Candidate(image, (NEW,)))
    retiring.retire(there, bucket, "Ada Byron", "older than a year", written)
    assert retiring.present(there, bucket, places.by_files()) == []
    assert not registry.present(image.place)
    [record] = retiring.records(written)
    assert (record.by, record.reason) == ("Ada Byron", "older than a year")
    assert retiring.retired(written) == {each.item.place for each in there}
    assert publishing.bring_all(bucket, built, written).uploaded == ()
    assert set(publishing.publish("v1.2.1", TODAY, bucket, built, written).uploaded) <= {each.item for each in there}


def runs(version: str) -> dict[str, Any]:
    return {"systems": {"rag-api": {"release": version}}}


@pytest.mark.parametrize(
    ("outputs", "under_way", "never", "said"),
    [
        (
            {"prod": runs("v1.2.3"), "dev": {}},
            {},
            (),
            r"no state of dev: .*`rollback release retire --never-deployed dev -s STACK`",
        ),
        ({"prod": {}, "dev": {}}, {}, ("dev",), r"no state of prod:"),
        ({"prod": runs("v9.9.9")}, {}, (), r"prod runs v9\.9\.9, which this checkout doesn't have or can't read"),
        (
            {"prod": runs("v1.2.3")},
            {"prod": "an update by ada"},
            (),
            r"prod has an update by ada: wait until it has ended",
        ),
        ({"prod": runs("v1.2.3"), "dev": {}}, {"prod": None}, ("dev",), None),
    ],
)
def test_nothing_goes_where_what_the_stacks_run_isnt_certain(
    outputs: dict[str, Any], under_way: dict[str, str | None], never: tuple[str, ...], said: str | None
) -> None:
    if said is None:
        retiring.refuse_uncertain(outputs, under_way, never)
        return
    with pytest.raises(ReleaseError, match=said):
        retiring.refuse_uncertain(outputs, under_way, never)


@pytest.mark.parametrize(
    ("by", "reason"), [("", "older than a year"), ("Ada Byron", "old"), ("..", "older than a year")]
)
def test_nobody_and_no_reason_let_nothing_go(bucket: Bucket, releases: Path, by: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match="retire"):
        retiring.retire([], bucket, by, reason, releases)
    assert not (releases / retiring.RECORD).exists()
