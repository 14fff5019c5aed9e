"""From a change in the receipts table to an answer of the Chroma store, on the built packages of every release."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from apps import catalogue
from tests.support.receipts import BUCKET, FUNCTIONS, LABELS, METADATA, RELEASES, Receipts, mocked
from tests.support.versions import newest_always

HANDLERS = ("v1.2.1", "v1.2.3", "v1.4.0")
"""A release for each sound version of the handlers."""

SOUND = [release for release in RELEASES if release != "v1.3.0"]
CAFE = {"merchant": "Blue Cafe", "total": "12.5", "date": "2026-01-02", "text": "espresso and almond cake"}
GARDEN = {"merchant": "Garden Shop", "total": "7", "date": "2026-01-03", "text": "roses and potting soil"}


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receipts]:
    with mocked(monkeypatch) as made:
        yield made


def writes_format(monkeypatch: pytest.MonkeyPatch, release: str) -> int:
    """Set the format that a release writes."""
    data_format = 2 if release == "v1.4.0" else 1
    monkeypatch.setenv("DATA_FORMAT", str(data_format))
    return data_format


@pytest.mark.parametrize("release", newest_always(SOUND))
def test_receipts_and_labels_become_searchable_change_and_go(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_format = writes_format(monkeypatch, release)
    pair = receipts.release(release)
    receipts.put("r1", CAFE, {"3": "TOTAL", "1": "MERCHANT"})
    receipts.put("r2", GARDEN)
    assert receipts.settle(pair) == {
        "release": "v9.9.9",
        "merged": {"metadata": 2, "labels": 1},
        "format": data_format,
        "items": 2,
    }
    answer = receipts.act(pair, "query", text="Espresso!", top_k=1)
    distance = answer["results"][0].pop("distance")
    assert answer == {
        "release": "v9.9.9",
        "format": data_format,
        "results": [
            {
                "receipt_id": "r1",
                **CAFE,
                "labels": [{"word_id": "1", "label": "MERCHANT"}, {"word_id": "3", "label": "TOTAL"}],
            }
        ],
    }
    assert 0 < distance < 0.7

    receipts.put("r1", {**CAFE, "merchant": "Red Cafe"}, {"1": "MERCHANT"})
    receipts.delete("r2")
    assert receipts.settle(pair)["merged"] == {"metadata": 1, "labels": 1, "removed": 1}
    assert receipts.content(pair) == {"r1": {**CAFE, "merchant": "Red Cafe", "labels": {"1": "MERCHANT"}}}
    assert [hit["receipt_id"] for hit in receipts.act(pair, "query", text="roses")["results"]] == ["r1"]


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_the_metrics_of_the_runbook_count_what_happened(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes_format(monkeypatch, release)
    pair = receipts.release(release)
    receipts.put("r1", CAFE, {"1": "MERCHANT"})
    receipts.put("r2", GARDEN)
    receipts.delete("r2")
    receipts.settle(pair)
    assert receipts.metric("StreamProcessorProcessedRecords") == 3
    assert receipts.metric("CompactionMetadataUpdates") == 3
    assert receipts.metric("CompactionLabelUpdates") == 1
    assert receipts.metric("CompactionLambdaSuccess") == 3
    assert receipts.metric("CompactionLambdaError") == 0


@pytest.mark.parametrize("release", newest_always(SOUND))
def test_the_pointer_says_what_the_newest_snapshot_is(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_format = writes_format(monkeypatch, release)
    pair = receipts.release(release)
    receipts.put("r1", CAFE)
    receipts.settle(pair)
    pointer = receipts.pointer()
    assert (pointer["format"], pointer["items"], pointer["number"], pointer["package"]) == (
        data_format,
        1,
        1,
        RELEASES[release][1],
    )
    assert pointer["key"] in receipts.keys("snapshots/")
    assert receipts.keys("deltas/") == []

    receipts.clients["s3"].put_object(Bucket=BUCKET, Key=pointer["key"], Body=b"not what was written")
    with pytest.raises(
        Exception, match=r"snapshot .* is damaged: restore an earlier version of snapshots/latest\.json"
    ):
        receipts.act(pair, "query", text="espresso")


@pytest.mark.parametrize("release", newest_always(list(RELEASES)))
def test_health_tells_package_format_and_release(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_format = writes_format(monkeypatch, release)
    pair = receipts.release(release)
    common = {
        "release": "v9.9.9",
        "status": "ok",
        "package": RELEASES[release][1],
        "code": "handler" if RELEASES[release][0] == "1.0.0" else "package",
    }
    assert receipts.act(pair, "health") == {**common, "format": None, "items": 0, "waiting": 0}
    receipts.put("r1", GARDEN)
    receipts.queue_changes(pair)
    receipts.consume(pair)
    assert receipts.act(pair, "health")["waiting"] == 1
    receipts.act(pair, "compact")
    assert receipts.act(pair, "health") == {**common, "format": data_format, "items": 1, "waiting": 0}


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_what_the_store_does_not_hold_is_not_sent_anywhere(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = receipts.release(release)
    receipts.put("r1", CAFE, {"1": "TOTAL", "2": "DATE"})
    receipts.queue_changes(pair)
    receipts.consume(pair)
    receipts.put("r1", {**CAFE, "checked_by": "somebody"}, {"2": "DATE", "1": "TOTAL"})
    receipts.queue_changes(pair)
    assert (receipts.depth(METADATA), receipts.depth(LABELS)) == (0, 0)


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_a_message_that_fails_is_delivered_again_and_the_others_are_done(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    receipts.put("r1", CAFE, {"1": "TOTAL"})
    receipts.queue_changes(pair)
    for queue, function in ((METADATA, "metadata_handler"), (LABELS, "label_handler")):
        broken = {"messageId": "broken", "body": '{"kind": "metadata"}', "receiptHandle": ""}
        answer = pair.call(function, {"Records": [broken, *receipts.receive(queue)]})
        assert answer == {"batchItemFailures": [{"itemIdentifier": "broken"}]}
        with pytest.raises(Exception, match="all 1 messages failed, the first with"):
            pair.call(function, {"Records": [broken]})
    assert len(receipts.keys("deltas/")) == 2
    assert receipts.metric("CompactionLambdaError") == 4
    assert receipts.metric("CompactionLambdaSuccess") == 2


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_a_stream_batch_is_done_up_to_the_first_record_that_fails(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    for name in ("r1", "r2", "r3"):
        receipts.put(name, CAFE)
    first, second, third = receipts.stream()
    second["dynamodb"]["NewImage"]["labels"] = {"L": [{"S": "no word and no label"}]}
    answer = pair.call("stream_processor", {"Records": [first, second, third]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": second["dynamodb"]["SequenceNumber"]}]}
    assert receipts.depth(METADATA) == 1
    assert receipts.metric("StreamProcessorProcessedRecords") == 1
    with pytest.raises(Exception, match="none of 2 records was processed, the first failed with TypeError"):
        pair.call("stream_processor", {"Records": [second, third]})


def test_records_whose_queue_refuses_them_come_again(receipts: Receipts, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = receipts.release("v1.2.1")
    for number in range(12):
        receipts.put(f"r{number:02d}", CAFE)
    records = receipts.stream()
    with pair.inside("stream_processor"):
        aws = importlib.import_module("compaction.aws")
        real = aws.client("sqs")

        class Full:
            """A queue that takes the first batch only."""

            calls = 0

            def send_message_batch(self, **given: Any) -> Any:
                self.calls += 1
                if self.calls == 1:
                    return real.send_message_batch(**given)
                return {"Failed": [{"Id": entry["Id"]} for entry in given["Entries"]]}

        full = Full()
        monkeypatch.setattr(aws, "client", lambda service: full if service == "sqs" else boto3.client(service))
    answer = pair.call("stream_processor", {"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": records[10]["dynamodb"]["SequenceNumber"]}]}
    assert receipts.depth(METADATA) == 10


def test_large_texts_are_sent_in_smaller_batches(receipts: Receipts) -> None:
    pair = receipts.release("v1.2.3")
    for number in range(6):
        receipts.put(f"r{number}", {"merchant": "Archive", "text": "ü" * 60_000})
    receipts.settle(pair)
    assert len(receipts.content(pair)) == 6


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_both_handlers_ask_for_the_next_compaction(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPACTION_FUNCTION", "arn:aws:lambda:us-east-1:1:function:compaction:live")
    asked: list[dict[str, Any]] = []
    recorder = type("Lambda", (), {"invoke": lambda self, **given: asked.append(given)})()

    def client(real: Any, service: str) -> Any:
        return recorder if service == "lambda" else real(service)

    pair = receipts.release(release)
    for function in ("metadata_handler", "label_handler"):
        with pair.inside(function):
            aws = importlib.import_module("compaction.aws")
            monkeypatch.setattr(aws, "client", functools.partial(client, aws.client))
    receipts.put("r1", CAFE, {"1": "TOTAL"})
    receipts.queue_changes(pair)
    assert receipts.consume(pair) == []
    assert [(call["InvocationType"], json.loads(call["Payload"])) for call in asked] == [
        ("Event", {"action": "compact"})
    ] * 2
    assert {call["FunctionName"] for call in asked} == {"arn:aws:lambda:us-east-1:1:function:compaction:live"}


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_what_there_is_not_is_answered_with_what_there_is(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    requests: list[tuple[dict[str, Any], str]] = [
        ({}, "action is None: give one of compact, repair, query, health"),
        ({"action": "destroy"}, "action is 'destroy': give one of"),
        ({"action": "query", "text": " "}, "a query needs a text"),
        ({"action": "query", "text": "x", "top_k": 0}, "top_k must be a number from 1 to 50"),
    ]
    for event, reason in requests:
        with pytest.raises(Exception, match=reason):
            pair.call("enhanced_compaction_handler", event)
    assert receipts.metric("CompactionLambdaError") == 0


@pytest.mark.parametrize("release", newest_always(HANDLERS))
def test_before_the_first_receipt_there_are_no_results_and_nothing_is_written(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    assert receipts.act(pair, "query", text="anything") == {"release": "v9.9.9", "format": None, "results": []}
    assert receipts.act(pair, "compact")["merged"] == {}
    assert receipts.keys("") == []


def test_every_release_pins_handlers_that_there_are() -> None:
    for handlers, package in RELEASES.values():
        assert all(catalogue.function("compaction", function, handlers) for function in FUNCTIONS)
        assert catalogue.layer("compaction", "receipt_chroma", package).version == package
