"""The migration of runbook compaction: code moves from the handlers into the package, behind a flag, and back."""

from __future__ import annotations

import importlib
import random
from collections import Counter
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.receipts import METADATA, Pair, Receipts, item, mocked
from tests.support.versions import newest_always

CAFE = {"merchant": "Blue Cafe", "total": "12.5", "date": "2026-01-02", "text": "espresso and almond cake"}

IDS = st.sampled_from(["r1", "r2", "r3"])
FIELDS = st.fixed_dictionaries(
    {"merchant": st.sampled_from(["Cafe", "Shop"]), "total": st.sampled_from(["1", "12.5"])},
    optional={"text": st.sampled_from(["tea", "soil"]), "date": st.just("2026-01-02")},
)
WORDS = st.dictionaries(st.sampled_from(["1", "2"]), st.sampled_from(["TOTAL", "DATE"]), max_size=2)
CHANGES = st.lists(st.tuples(IDS, st.none() | st.tuples(FIELDS, st.none() | WORDS)), min_size=1, max_size=8)
"""What happens to the table: (receipt, None where it is deleted, else its fields and its labels)."""

Change = tuple[str, tuple[dict[str, str], dict[str, str] | None] | None]


@pytest.fixture
def receipts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receipts]:
    with mocked(monkeypatch) as made:
        yield made


def stream(changes: list[Change]) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The stream records that changes of an empty table make, and the items in it afterwards."""
    table: dict[str, dict[str, Any]] = {}
    records = []
    for number, (receipt_id, value) in enumerate(changes):
        old, new = table.get(receipt_id), item(receipt_id, *value) if value else None
        if old == new:
            continue
        images = {"OldImage": old, "NewImage": new}
        change = {
            "Keys": {"receipt_id": {"S": receipt_id}},
            "ApproximateCreationDateTime": 1_790_000_000 + number // 3,
            "SequenceNumber": str(11_000 + number),
            **{name: found for name, found in images.items() if found is not None},
        }
        name = "REMOVE" if new is None else "MODIFY" if old else "INSERT"
        records.append({"eventName": name, "dynamodb": change})
        table.pop(receipt_id, None)
        if new is not None:
            table[receipt_id] = new
    return records, table


class Memory:
    """A store without Chroma: what merging needs of one."""

    def __init__(self, ledger: Any) -> None:
        self.ledger, self.kept = ledger, dict[str, Any]()

    def get(self, ids: list[str]) -> dict[str, Any]:
        return {name: self.kept[name] for name in ids if name in self.kept}

    def put(self, found: list[Any]) -> None:
        self.kept |= {receipt.receipt_id: receipt for receipt in found}

    def remove(self, ids: list[str]) -> None:
        self.kept = {name: receipt for name, receipt in self.kept.items() if name not in ids}


class Code:
    """The old and the new code, of v1.2.3."""

    def __init__(self, pair: Pair) -> None:
        with pair.inside("enhanced_compaction_handler"):
            self.changes, self.old = self._load("compaction.changes"), self._load("compaction.merging")
            self.stream, self.new = self._load("receipt_chroma.stream"), self._load("receipt_chroma.compaction.merging")
            self.ledger, self.parsed = (
                self._load("receipt_chroma.ledger"),
                self._load("receipt_chroma.compaction.deltas"),
            )

    @staticmethod
    def _load(name: str) -> ModuleType:
        return importlib.import_module(name)

    def updates(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        old = [update for record in records for update in self.changes.updates_of(record)]
        new = [update.message() for record in records for update in self.stream.updates_of(record)]
        assert old == new
        return old

    def merge(self, batches: list[list[dict[str, Any]]]) -> tuple[dict[str, Any], Any]:
        """Merge batches of updates with either code; both must leave the same. Returns receipts and ledger."""
        old, new = Memory(self.ledger.Ledger()), Memory(self.ledger.Ledger())
        for batch in batches:
            counted = self.old.merge(old, batch)
            updates = [self.parsed.parsed(update, "metadata", "labels", "removed") for update in batch]
            assert self.new.merge(new, updates) == counted
            assert (new.kept, new.ledger) == (old.kept, old.ledger)
        return old.kept, old.ledger


@pytest.fixture(scope="module")
def code() -> Code:
    return Code(Pair("1.1.0", "1.1.0"))


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(CHANGES, st.randoms(use_true_random=False), st.integers(1, 4))
def test_old_and_new_code_make_the_same_store_whatever_the_order_of_delivery(
    code: Code, changes: list[Change], chance: random.Random, compactions: int
) -> None:
    records, table = stream(changes)
    updates = code.updates(records)
    delivered = updates + [chance.choice(updates) for _ in range(3) if updates]
    chance.shuffle(delivered)
    batches = [delivered[start::compactions] for start in range(compactions)]
    # Deltas are listed by their keys, which begin with the position.
    kept, ledger = code.merge([sorted(batch, key=lambda update: str(update["position"])) for batch in batches])

    with_labels = {name: {label.word_id: label.label for label in receipt.labels} for name, receipt in kept.items()}
    assert with_labels == {
        name: {word["M"]["word_id"]["S"]: word["M"]["label"]["S"] for word in found.get("labels", {"L": []})["L"]}
        for name, found in table.items()
    }
    assert {name: receipt.merchant for name, receipt in kept.items()} == {
        name: found["merchant"]["S"] for name, found in table.items()
    }
    assert ledger.waiting == {}


@settings(max_examples=4, deadline=None)
@given(st.lists(CHANGES, min_size=1, max_size=3))
@pytest.mark.long
def test_with_the_flag_on_or_off_the_store_holds_what_the_table_holds(rounds: list[list[Change]]) -> None:
    contents = []
    for flag in ("true", "false"):
        with pytest.MonkeyPatch.context() as patch, mocked(patch) as receipts:
            patch.setenv("USE_PACKAGE_COMPACTION", flag)
            pair = receipts.release("v1.2.3")
            receipts.put("anchor", CAFE)
            for changes in rounds:
                for receipt_id, value in changes:
                    if value is None:
                        receipts.delete(receipt_id)
                    else:
                        receipts.put(receipt_id, *value)
                receipts.settle(pair)
            scanned = receipts.clients["dynamodb"].scan(TableName="receipts-test")["Items"]
            content = receipts.content(pair)
            assert set(content) == {found["receipt_id"]["S"] for found in scanned}
            contents.append((content, receipts.pointer()["items"]))
    assert contents[0] == contents[1]


@pytest.mark.long
def test_the_flag_switches_a_warm_function_from_one_invocation_to_the_next(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = receipts.release("v1.2.3")
    used = []
    for number, flag in enumerate(["false", "true", "TRUE", "false", ""]):
        monkeypatch.setenv("USE_PACKAGE_COMPACTION", flag)
        receipts.put(f"r{number}", CAFE, {"1": "TOTAL"})
        assert receipts.settle(pair)["merged"] == {"metadata": 1, "labels": 1}
        used.append(receipts.act(pair, "health")["code"])
    assert used == ["handler", "package", "package", "handler", "handler"]
    assert len(receipts.content(pair)) == 5
    assert capsys.readouterr().out.count("Compaction complete code=package") == 2


@pytest.mark.long
def test_updates_on_their_way_survive_a_change_of_release_at_every_step(receipts: Receipts) -> None:
    """A message or delta that one release wrote is understood by every other one, older ones included."""
    pairs = [receipts.release(version) for version in ("v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0")]
    for first in pairs:
        for second in pairs:
            name = f"{first.handlers}-{first.package}-{second.handlers}-{second.package}"
            receipts.put(name, CAFE, {"1": "TOTAL"})
            receipts.queue_changes(first)
            assert receipts.consume(second) == []
            assert receipts.act(first, "compact")["merged"] == {"metadata": 1, "labels": 1}
    assert len(receipts.content(pairs[0])) == len(pairs) ** 2


def test_new_handlers_beside_the_old_package_work_with_the_flag_off_and_say_what_is_missing_with_it_on(
    receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runbook compaction, when to go back: handlers that can't import moved modules are a reason to go back."""
    pair = receipts.pair("1.1.0", "1.0.0")
    receipts.put("r1", CAFE)
    with pytest.raises(Exception, match="cannot import name 'compaction' from 'receipt_chroma'"):
        pair.call("stream_processor", {"Records": receipts.stream()})
    with pytest.raises(Exception, match="cannot import name 'compaction' from 'receipt_chroma'"):
        receipts.act(pair, "compact")
    assert receipts.metric("CompactionLambdaError") == 1

    monkeypatch.setenv("USE_PACKAGE_COMPACTION", "false")
    receipts.put("r2", CAFE)
    assert receipts.settle(pair)["items"] == 1


@pytest.mark.parametrize("release", newest_always(["v1.2.1", "v1.2.2", "v1.2.3", "v1.4.0"]))
def test_a_removal_that_arrives_first_keeps_older_changes_out(release: str, receipts: Receipts) -> None:
    pair = receipts.release(release)
    receipts.put("r1", CAFE, {"1": "TOTAL"})
    receipts.queue_changes(pair)
    late = receipts.receive(METADATA)
    receipts.delete("r1")
    receipts.put("kept", CAFE)
    receipts.settle(pair)
    for record in late:
        receipts.clients["sqs"].change_message_visibility(
            QueueUrl=receipts.urls[METADATA], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
        )
    assert receipts.settle(pair)["merged"] == {}
    assert set(receipts.content(pair)) == {"kept"}


def test_counts_of_updates_are_those_that_changed_something(code: Code) -> None:
    records, _ = stream([("r1", ({"merchant": "Cafe", "total": "1"}, {"1": "TOTAL"})), ("r1", None)])
    updates = code.updates(records)
    old = Memory(code.ledger.Ledger())
    assert code.old.merge(old, updates) == Counter(metadata=1, labels=1, removed=1)
    assert code.old.merge(old, updates) == Counter()
