"""The plan: what an update takes away, told from two inventories."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import marks
from guard.approvals import Action
from guard.declared import Declared
from guard.location import Location
from guard.marks import guard_digest
from guard.plan import compare, content
from guard.previous import Previous
from guard.store import Store

TABLE = "aws:dynamodb/table:Table"


def store(
    name: str, physical: str | None = None, system: str = "billing", region: str | None = "us-east-1", **identity: str
) -> Store:
    urn = f"urn:pulumi:prod::p::{TABLE}::{name}"
    return Store(urn, TABLE, physical or name, system, {"hashKey": "id", **identity}, Location(region=region))


def declared(*stores: Store, more: int = 0) -> Declared:
    urns = {each.urn for each in stores} | {f"more {number}" for number in range(more)}
    return Declared({each.urn: each for each in stores}, urns)


def before(there: Declared) -> Previous:
    outputs = {urn: {"name": store.name, "region": store.location.region} for urn, store in there.stores.items()}
    types = {urn: store.type for urn, store in there.stores.items()}
    return Previous({}, there.stores, {"billing": frozenset(there.urns)}, resources=outputs, types=types)


def judged(store: Store, action: Action) -> Mapping[str, Any]:
    return {"evidence": {"recoveryPoint": None, "approval": None}, "refusal": f"{action.value} of {store.name}"}


def plan(earlier: Declared, after: Declared) -> dict[str, Any]:
    return content("prod", compare(before(earlier), after), after, judged, lambda store, action: None)


def test_the_first_update_takes_nothing_away() -> None:
    after = declared(store("receipts"))
    found = content("prod", compare(Previous(), after), after, judged, lambda store, action: None)
    assert (found["removals"], found["replacements"], found["systems"]) == ([], [], {})
    assert found["durable"] == 1


def test_a_store_that_is_declared_no_more_is_a_removal_with_its_refusal() -> None:
    (removal,) = plan(declared(store("receipts"), store("labels")), declared(store("labels")))["removals"]
    assert removal == {
        "urn": store("receipts").urn,
        "type": TABLE,
        "kind": "table",
        "name": "receipts",
        "system": "billing",
        "evidence": {"recoveryPoint": None, "approval": None},
        "refusal": "delete of receipts",
    }


def test_a_changed_identity_is_a_replacement_that_names_what_changed() -> None:
    found = plan(declared(store("receipts")), declared(store("receipts", hashKey="receipt")))
    (replacement,) = found["replacements"]
    assert (replacement["changed"], replacement["refusal"]) == (["hashKey"], "replace of receipts")
    assert found["systems"]["billing"] == {"before": 1, "removed": 0, "replaced": 1, "approval": None}
    assert found["removals"] == []


def test_what_is_known_only_later_is_no_replacement() -> None:
    old = Store(store("a").urn, TABLE, "a", "billing", {})
    assert plan(declared(old), declared(store("a")))["replacements"] == []


def test_a_store_under_another_name_with_the_same_physical_one_has_moved() -> None:
    found = plan(declared(store("receipts")), declared(store("bills", "receipts")))
    assert found["removals"] == []


def test_figures_count_resources_of_every_kind_by_system() -> None:
    found = plan(declared(store("receipts"), more=9), declared(store("receipts"), more=4))
    assert found["systems"] == {"billing": {"before": 10, "removed": 5, "replaced": 0, "approval": None}}


def test_a_managed_store_that_the_program_only_reads_now_is_a_removal() -> None:
    after = declared()
    after.read[store("receipts").urn] = "another"
    after.urns.add(store("receipts").urn)
    (removal,) = plan(declared(store("receipts")), after)["removals"]
    assert removal["name"] == "receipts"


@pytest.mark.parametrize(
    ("noted", "by", "removed"),
    [(False, "receipts", False), (False, "another", True), (False, None, True), (True, "receipts", True)],
)
def test_what_a_first_update_read_before_it_was_killed_is_still_only_read(
    noted: bool, by: str | None, removed: bool
) -> None:
    after, there = declared(), before(declared(store("receipts")))
    after.read[store("receipts").urn] = by
    there = replace(there, outputs={"guard": {}} if noted else {})
    found = content("prod", compare(there, after), after, judged, lambda store, action: None)
    assert [each["name"] for each in found["removals"]] == (["receipts"] if removed else [])


def test_a_namesake_in_another_region_has_not_taken_a_stores_place() -> None:
    found = plan(declared(store("receipts")), declared(store("bills", "receipts", region="eu-west-1")))
    assert [each["name"] for each in found["removals"]] == ["receipts"]


def test_where_the_region_isnt_known_nothing_has_moved() -> None:
    found = plan(declared(store("receipts")), declared(store("bills", "receipts", region=None)))
    assert [each["name"] for each in found["removals"]] == ["receipts"]


def test_a_store_that_was_there_before_takes_nobodys_place() -> None:
    both = declared(store("receipts"), store("bills", "receipts"))
    assert [each["urn"] for each in plan(both, declared(store("bills", "receipts")))["removals"]] == [
        store("receipts").urn
    ]


def test_another_region_replaces_a_store() -> None:
    (replacement,) = plan(declared(store("a")), declared(store("a", region="eu-west-1")))["replacements"]
    assert (replacement["changed"], replacement["name"]) == (["region"], "a")


def test_a_replacement_by_another_physical_name_is_judged_by_the_old_one() -> None:
    earlier, after = declared(store("a", "old", tableName="old")), declared(store("a", "new", tableName="new"))
    (replacement,) = plan(earlier, after)["replacements"]
    assert (replacement["name"], replacement["refusal"]) == ("old", "replace of old")
    assert replacement["changed"] == ["tableName"]


def test_an_alias_keeps_a_store_whose_physical_name_is_the_engines_own() -> None:
    after = declared(store("bills", "bills-1a2b"))
    after.former[store("receipts").urn] = store("bills").urn
    found = plan(declared(store("receipts", "receipts-9f8e")), after)
    assert (found["removals"], found["systems"]) == ([], {})


@pytest.mark.parametrize(
    ("token", "changed"),
    [("aws:sqs/queue:Queue", ["type"]), ("aws:ssm/parameter:Parameter", ["type"]), (TABLE, None)],
)
def test_an_alias_that_makes_another_kind_of_store_of_one_replaces_it(token: str, changed: list[str] | None) -> None:
    became = replace(store("bills", "receipts"), type=token, identity={})
    after = declared(became)
    after.former[store("receipts").urn] = became.urn
    found = plan(declared(store("receipts")), after)
    assert [each["changed"] for each in found["replacements"]] == ([changed] if changed else [])
    assert found["removals"] == []


def test_a_stateless_resource_with_another_physical_name_counts_as_replaced() -> None:
    urn = "urn:pulumi:prod::p::aws:lambda/function:Function::worker"
    earlier = Previous(
        {}, {}, {"billing": frozenset({urn})}, resources={urn: {"name": "worker-prod"}}, types={urn: "f"}
    )
    after = declared()
    after.urns.add(urn)
    after.names[urn] = {"name": "worker-prod-2"}
    found = content("prod", compare(earlier, after), after, judged, lambda store, action: None)
    assert found["systems"] == {"billing": {"before": 1, "removed": 0, "replaced": 1, "approval": None}}


def test_only_the_very_guard_has_its_digest() -> None:
    assert plan(declared(), declared())["guard"] == guard_digest()


@pytest.mark.parametrize("path", ["hook.py", "recovery/judgement.py", "recovery/makers/table.py", "types/aws.txt"])
def test_whatever_is_changed_in_the_guard_changes_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    copy = tmp_path / "guard"
    shutil.copytree(Path(marks.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(marks, "__file__", str(copy / "marks.py"))
    assert guard_digest.__wrapped__() == guard_digest()
    with (copy / path).open("a") as file:
        file.write("\n")
    assert guard_digest.__wrapped__() != guard_digest()


NAMES = st.sets(st.sampled_from("abcdefgh"))


@given(NAMES, NAMES)
def test_every_store_that_is_missing_is_a_removal_and_no_other(earlier: set[str], after: set[str]) -> None:
    found = plan(declared(*map(store, sorted(earlier))), declared(*map(store, sorted(after))))
    assert {each["name"] for each in found["removals"]} == earlier - after
    assert found["systems"].get("billing", {}).get("removed", 0) == len(earlier - after)
    assert found["durable"] == len(after)
