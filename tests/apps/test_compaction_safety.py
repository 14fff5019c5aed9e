"""Nothing is lost: compactions side by side, crashes at every step, unreadable leftovers, repairs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.receipts import BUCKET, LABELS, METADATA, RECEIVES, Pair, Receipts, mocked
from tests.support.versions import newest_always

CAFE = {"merchant": "Blue Cafe", "total": "12.5", "date": "2026-01-02", "text": "espresso and almond cake"}
GARDEN = {"merchant": "Garden Shop", "total": "7", "date": "2026-01-03", "text": "roses and potting soil"}
HANDLERS = ("v1.2.1", "v1.2.3", "v1.4.0")
SOUND = ("v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0")
COMPACTOR = {"v1.2.1": "compaction", "v1.2.3": "receipt_chroma.compaction"}
"""The package that compacts in a release: the old code and the new one."""


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receipts]:
    with mocked(monkeypatch) as made:
        yield made


def waiting(receipts: Receipts, pair: Pair, *names: str) -> None:
    for name in names:
        receipts.put(name, CAFE, {"1": "TOTAL"})
    receipts.queue_changes(pair)
    assert receipts.consume(pair) == []


@pytest.mark.parametrize("release", newest_always(SOUND))
def test_a_compaction_that_was_overtaken_starts_again_from_the_newer_snapshot(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other compaction runs from start to end just before the first one moves the pointer."""
    pair, other = receipts.release(release), receipts.release("v1.2.1")
    waiting(receipts, pair, "r1")
    interrupted: list[Any] = []
    with pair.inside("enhanced_compaction_handler"):
        snapshots = importlib.import_module("receipt_chroma.snapshots").Snapshots
    publish = snapshots.publish

    def late(self: Any, *given: Any) -> Any:
        if not interrupted:
            interrupted.append(given)
            waiting(receipts, other, "r2")
            receipts.act(other, "compact")
        return publish(self, *given)

    monkeypatch.setattr(snapshots, "publish", late)
    assert receipts.act(pair, "compact")["items"] == 2
    assert set(receipts.content(pair)) == {"r1", "r2"}
    assert receipts.keys("deltas/") == []
    # What the overtaken one had uploaded is gone again.
    assert receipts.pointer()["key"] == sorted(receipts.keys("snapshots/0"))[-1]
    assert len(receipts.keys("snapshots/0")) == receipts.pointer()["number"]


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_one_that_is_overtaken_again_and_again_gives_up_and_loses_nothing(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = receipts.release(release)
    waiting(receipts, pair, "r1")
    with pair.inside("enhanced_compaction_handler"):
        module = importlib.import_module("receipt_chroma.snapshots")

        def never(self: Any, *given: Any) -> Any:
            raise module.OvertakenError("another compaction was faster")

        with monkeypatch.context() as patch:
            patch.setattr(module.Snapshots, "publish", never)
            patch.setattr("time.sleep", lambda seconds: None)
            with pytest.raises(module.OvertakenError):
                receipts.act(pair, "compact")
    assert receipts.metric("CompactionLambdaError") == 1
    assert len(receipts.keys("deltas/")) == 2
    assert receipts.act(pair, "compact")["items"] == 1


@pytest.mark.long
@pytest.mark.parametrize("release", newest_always(list(COMPACTOR)))
@pytest.mark.parametrize("step", ["before the pointer", "before the deltas are deleted", "between two deletions"])
def test_a_crash_in_the_middle_loses_nothing(
    release: str, step: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = receipts.release(release)
    waiting(receipts, pair, "r0")
    receipts.act(pair, "compact")
    waiting(receipts, pair, "r1", "r2")
    receipts.put("r1", GARDEN)
    waiting(receipts, pair)

    with pair.inside("enhanced_compaction_handler"), monkeypatch.context() as patch:
        deltas: Any = importlib.import_module(f"{COMPACTOR[release]}.deltas")
        snapshots: Any = importlib.import_module("receipt_chroma.snapshots").Snapshots

        def crash(*given: Any) -> None:
            if step == "between two deletions":
                # The newest ones are gone, the outdated ones are still there.
                for key in receipts.keys("deltas/")[2:]:
                    receipts.clients["s3"].delete_object(Bucket=BUCKET, Key=key)
            raise RuntimeError("the worker is gone")

        target, name = (snapshots, "publish") if step == "before the pointer" else (deltas, "delete")
        patch.setattr(target, name, crash)
        with pytest.raises(RuntimeError, match="the worker is gone"):
            receipts.act(pair, "compact")

    receipts.act(pair, "compact")
    assert receipts.keys("deltas/") == []
    cafe, garden = {**CAFE, "labels": {"1": "TOTAL"}}, {**GARDEN, "labels": {}}
    assert receipts.content(pair) == {"r0": cafe, "r1": garden, "r2": cafe}


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_what_a_release_does_not_understand_stays_and_stops_nothing(
    release: str, receipts: Receipts, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = receipts.release(release)
    later = b'{"schema": 2, "kind": "metadata", "receipt_id": "r9", "position": "x"}'
    for key, body in (("deltas/0-later.json", later), ("deltas/0-broken.json", b"{")):
        receipts.clients["s3"].put_object(Bucket=BUCKET, Key=key, Body=body)
    receipts.put("r1", CAFE)
    assert receipts.settle(pair)["items"] == 1
    assert receipts.keys("deltas/") == ["deltas/0-broken.json", "deltas/0-later.json"]
    assert capsys.readouterr().out.count("ERROR delta not understood, left where it is") == 2
    assert receipts.act(pair, "health")["waiting"] == 2


@pytest.mark.parametrize("release", newest_always(list(COMPACTOR)))
def test_more_than_one_round_of_deltas_is_merged_in_one_compaction(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = receipts.release(release)
    waiting(receipts, pair, *(f"r{number}" for number in range(5)))
    with pair.inside("enhanced_compaction_handler"):
        monkeypatch.setattr(importlib.import_module(f"{COMPACTOR[release]}.compactor"), "MOST_DELTAS", 4)
    assert receipts.act(pair, "compact")["merged"] == {"metadata": 5, "labels": 5}
    assert receipts.pointer()["number"] == 3


@pytest.mark.long
def test_old_snapshots_are_deleted_and_live_on_as_versions(receipts: Receipts) -> None:
    pair = receipts.release("v1.2.3")
    with pair.inside("enhanced_compaction_handler"):
        kept = importlib.import_module("receipt_chroma.snapshots").KEPT
    for number in range(kept + 2):
        receipts.put("r1", {**CAFE, "total": str(number)})
        receipts.settle(pair)
    numbers = [int(key.split("/")[1][:8]) for key in receipts.keys("snapshots/0")]
    assert numbers == list(range(3, kept + 3))
    versions = receipts.clients["s3"].list_object_versions(Bucket=BUCKET, Prefix="snapshots/00000001")
    assert len(versions["Versions"]) == 1


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_a_repair_brings_the_store_back_to_what_the_table_says(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    receipts.put("wrong", CAFE, {"1": "TOTAL"})
    receipts.put("right", GARDEN)
    receipts.put("surplus", GARDEN)
    receipts.settle(pair)
    receipts.put("wrong", GARDEN, {"2": "DATE"})
    receipts.put("missing", CAFE)
    receipts.delete("surplus")
    missed = receipts.stream()

    answer = receipts.act(pair, "repair")
    truth = {
        "wrong": {**GARDEN, "labels": {"2": "DATE"}},
        "right": {**GARDEN, "labels": {}},
        "missing": {**CAFE, "labels": {}},
    }
    assert (answer["repaired"], answer["items"]) == (3, 3)
    assert receipts.content(pair) == truth
    assert receipts.act(pair, "repair")["repaired"] == 0

    # The changes that the repair was ahead of arrive after all, and one that is newer than all of them.
    pair.call("stream_processor", {"Records": missed})
    receipts.put("right", CAFE)
    receipts.settle(pair)
    assert receipts.content(pair) == {**truth, "right": {**CAFE, "labels": {}}}


@pytest.mark.long
def test_the_faulty_release_fails_fills_the_dead_letters_and_can_be_undone(receipts: Receipts) -> None:
    good, bad = receipts.release("v1.2.3"), receipts.release("v1.3.0")
    receipts.put("r1", CAFE, {"1": "TOTAL"})
    receipts.put("r2", GARDEN)
    receipts.settle(good)
    before = receipts.content(good)

    receipts.put("r3", CAFE, {"1": "TOTAL"})
    receipts.put("r1", CAFE, {"1": "MERCHANT"})
    receipts.delete("r2")
    receipts.queue_changes(bad)
    errors = receipts.consume(bad)
    receipts.act(bad, "compact")

    assert len([error for error in errors if error.startswith("label_handler")]) == RECEIVES
    assert "AttributeError: 'list' object has no attribute 'items'" in errors[-1]
    assert receipts.metric("CompactionLambdaError") > RECEIVES
    assert (receipts.depth(f"{LABELS}-dlq"), receipts.depth(f"{METADATA}-dlq")) == (2, 1)
    # A wrong amount in what is new; what was there before is all there, for every older release.
    wrong = {**CAFE, "total": "1250", "labels": {}}
    assert receipts.content(bad) == {**before, "r3": wrong}
    for release in SOUND:
        assert receipts.content(receipts.release(release)) == {**before, "r3": wrong}

    assert receipts.act(good, "repair")["repaired"] == 3
    cafe = {**CAFE, "labels": {"1": "TOTAL"}}
    assert receipts.content(good) == {"r1": {**CAFE, "labels": {"1": "MERCHANT"}}, "r3": cafe}
