"""What each release can read of what another has written."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings

from tests.support.receipts import BUCKET, METADATA, Receipts, mocked
from tests.support.versions import newest_always

CAFE = {"merchant": "Blue Cafe", "total": "12.5", "date": "2026-01-02", "text": "espresso and almond cake"}
GARDEN = {"merchant": "Garden Shop", "total": "7", "date": "2026-01-03", "text": "roses and potting soil"}
SOUND = ("v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0")
READ_2 = ("v1.2.2", "v1.2.3", "v1.4.0")


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receipts]:
    with mocked(monkeypatch) as made:
        yield made


def write(receipts: Receipts, release: str, data_format: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill the store by a release: two receipts, one of them with labels, and one that was removed again."""
    monkeypatch.setenv("DATA_FORMAT", str(data_format))
    receipts.put("r1", CAFE, {"1": "MERCHANT", "2": "TOTAL"})
    receipts.put("r2", GARDEN)
    receipts.put("r3", GARDEN, {"1": "DATE"})
    pair = receipts.release(release)
    receipts.settle(pair)
    receipts.delete("r3")
    receipts.settle(pair)
    monkeypatch.setenv("DATA_FORMAT", "1")


CONTENT = {
    "r1": {**CAFE, "labels": {"1": "MERCHANT", "2": "TOTAL"}},
    "r2": {**GARDEN, "labels": {}},
}


@pytest.mark.parametrize("writer", newest_always(SOUND))
def test_format_1_is_read_by_every_release_whoever_wrote_it(
    writer: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(receipts, writer, 1, monkeypatch)
    for reader in SOUND:
        pair = receipts.release(reader)
        assert receipts.content(pair) == CONTENT
        answer = receipts.act(pair, "query", text="roses", top_k=1)
        assert (answer["format"], answer["results"][0]["receipt_id"]) == (1, "r2")
        assert receipts.act(pair, "health")["status"] == "ok"


def test_format_2_is_read_by_the_releases_that_say_so(receipts: Receipts, monkeypatch: pytest.MonkeyPatch) -> None:
    write(receipts, "v1.4.0", 2, monkeypatch)
    assert receipts.pointer()["format"] == 2
    for reader in READ_2:
        pair = receipts.release(reader)
        assert receipts.content(pair) == CONTENT
        answer = receipts.act(pair, "query", text="espresso cake", top_k=1)
        assert (answer["format"], answer["results"][0]["receipt_id"]) == (2, "r1")
        assert len(answer["results"][0]["labels"]) == 2
        assert receipts.act(pair, "health")["status"] == "ok"


def test_format_2_is_refused_by_the_release_that_cannot_read_it_and_nothing_is_lost(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(receipts, "v1.4.0", 2, monkeypatch)
    old = receipts.release("v1.2.1")
    receipts.put("r4", CAFE)
    receipts.queue_changes(old)
    assert receipts.consume(old) == []
    before, errors = receipts.keys(""), receipts.metric("CompactionLambdaError")

    refused = r"snapshot \S+ has data format 2, and receipt_chroma 1\.0\.0 reads 1: let a release that reads format 2"
    for action in ("compact", "query", "repair"):
        with pytest.raises(Exception, match=refused) as error:
            receipts.act(old, action, text="espresso")
        assert "\n" not in str(error.value)
    health = receipts.act(old, "health")
    assert (health["status"], health["format"], health["waiting"]) == ("failing", 2, 1)
    assert "reads 1" in health["reason"]
    assert receipts.keys("") == before
    assert receipts.metric("CompactionLambdaError") == errors + 2

    # The way back that the message names.
    receipts.act(receipts.release("v1.2.2"), "compact")
    assert receipts.content(old) == {**CONTENT, "r4": {**CAFE, "labels": {}}}


@pytest.mark.long
@pytest.mark.parametrize("release", newest_always(["v1.2.2", "v1.2.3"]))
@pytest.mark.parametrize("flag", ["true", "false"])
def test_going_back_writes_format_1_again_and_keeps_what_the_store_knows_of_removals(
    release: str, flag: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_PACKAGE_COMPACTION", flag)
    newest = receipts.release("v1.4.0")
    monkeypatch.setenv("DATA_FORMAT", "2")
    receipts.put("r3", GARDEN, {"1": "DATE"})
    receipts.queue_changes(newest)
    late = receipts.receive(METADATA)
    write(receipts, "v1.4.0", 2, monkeypatch)

    back = receipts.release(release)
    assert receipts.act(back, "compact") == {"release": "v9.9.9", "merged": {}, "format": 1, "items": 2}
    assert receipts.content(receipts.release("v1.2.1")) == CONTENT
    answer = back.call("metadata_handler", {"Records": late})
    assert answer == {"batchItemFailures": []}
    assert receipts.act(back, "compact")["merged"] == {}
    assert receipts.content(back) == CONTENT

    monkeypatch.setenv("DATA_FORMAT", "2")
    assert receipts.act(newest, "compact")["format"] == 2
    assert receipts.content(newest) == CONTENT


@pytest.mark.parametrize("release", newest_always(["v1.2.1", "v1.2.2", "v1.2.3"]))
def test_a_format_that_the_package_cannot_write_is_refused(
    release: str, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_FORMAT", "2")
    pair = receipts.release(release)
    receipts.put("r1", CAFE)
    receipts.queue_changes(pair)
    receipts.consume(pair)
    with pytest.raises(Exception, match=r"receipt_chroma 1\.[01]\.0 writes format 1, not 2: correct DATA_FORMAT"):
        receipts.act(pair, "compact")
    health = receipts.act(pair, "health")
    assert (health["status"], health["waiting"]) == ("failing", 1)
    assert receipts.keys("snapshots/") == []


@pytest.mark.parametrize(("data_format", "collections"), [(1, {"receipts": 2}), (2, {"receipts": 2, "words": 2})])
def test_a_snapshot_is_a_store_that_chromadb_opens(
    data_format: int, collections: dict[str, int], receipts: Receipts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(receipts, "v1.4.0", data_format, monkeypatch)
    content = receipts.clients["s3"].get_object(Bucket=BUCKET, Key=receipts.pointer()["key"])["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "snapshot", filter="data")

    client: Any = chromadb.PersistentClient(
        path=str(tmp_path / "snapshot" / "chroma"), settings=Settings(anonymized_telemetry=False)
    )
    assert {found.name: found.count() for found in client.list_collections()} == collections
    kept = client.get_collection("receipts", embedding_function=None).get(
        ids=["r1"], include=["documents", "metadatas"]
    )
    assert kept["documents"] == [CAFE["text"]]
    assert kept["metadatas"][0]["merchant"] == CAFE["merchant"]
    if data_format == 2:
        words = client.get_collection("words", embedding_function=None).get(where={"label": "TOTAL"})
        assert [json.loads(word) for word in words["ids"]] == [["r1", "2", "TOTAL"]]
    client.close()
