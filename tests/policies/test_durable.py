"""Durable stores: protected, belted, and never gone without a recovery point and an approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from guard.approvals import Action, Approval
from guard.marks import PLAN, guard_digest
from policies.subject import UNKNOWN, Resource
from tests.policies.cases import FACTS, NOW, make, said, said_of, urn

TABLE, BUCKET = "aws:dynamodb/table:Table", "aws:s3/bucket:Bucket"
DATABASE, VERSIONING = "aws:rds/instance:Instance", "aws:s3/bucketVersioning:BucketVersioning"
GUARDED: dict[str, Any] = {"protect": True, "delete_before_replace": True}
ENTRY = {"urn": urn("jobs"), "type": TABLE, "name": "jobs-prod"}


def approval(store: str, action: Action, hours: float = 1) -> Approval:
    return Approval(
        store=store,
        action=action,
        by="Ada",
        reason="the table moved to another account",
        given=NOW - timedelta(hours=2),
        expires=NOW + timedelta(hours=hours),
    )


DURABLE = (
    TABLE,
    BUCKET,
    "aws:kms/key:Key",
    "aws:newservice/store:Store",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    "kubernetes:example.com/v1:Ledger",
    "pulumi-python:dynamic:Resource",
)


@pytest.mark.parametrize("kind", DURABLE)
def test_every_durable_type_has_to_be_protected(kind: str) -> None:
    assert said("durable-store-protected", make(kind, **GUARDED)) == []
    assert "isn't protected" in said("durable-store-protected", make(kind, delete_before_replace=True))[0]
    assert "deleteBeforeReplace" in said("durable-store-protected", make(kind, protect=True))[0]
    refused = make(kind, protect=True, delete_before_replace=False)
    assert "deleteBeforeReplace" in said("durable-store-protected", refused)[0]


@pytest.mark.parametrize("kind", ["kubernetes:core/v1:Secret", "aws:ssm/parameter:Parameter"])
def test_what_the_program_gives_is_counted_and_needs_no_protection(kind: str) -> None:
    assert said("durable-store-protected", make(kind)) == []
    assert "0 components" in said_of("guard-present", [make(kind)])[0]


def test_a_component_is_no_store_whatever_its_type() -> None:
    site = make("other:index:Website", custom=False)
    assert said("durable-store-protected", site) == []
    assert said_of("guard-present", [site]) == []


def test_what_holds_no_data_needs_no_protection() -> None:
    assert said("durable-store-protected", make("aws:sns/topic:Topic")) == []


@pytest.mark.parametrize("action", [Action.DELETE, Action.REPLACE])
def test_an_approved_store_may_lose_its_protection(action: Action) -> None:
    approved = replace(FACTS, approvals=(approval(urn("jobs"), action),))
    assert said("durable-store-protected", make(TABLE, "jobs"), facts=approved) == []
    assert said("durable-store-protected", make(TABLE, "others"), facts=approved) != []


def test_an_approval_that_has_ended_covers_nothing() -> None:
    ended = replace(FACTS, approvals=(approval(urn("jobs"), Action.DELETE, hours=-1),))
    assert said("durable-store-protected", make(TABLE, "jobs"), facts=ended) != []


def test_a_table_needs_deletion_protection_and_point_in_time_recovery() -> None:
    good = {"deletionProtectionEnabled": True, "pointInTimeRecovery": {"enabled": True}}
    assert said("durable-store-belts", make(TABLE, props=good)) == []
    assert len(said("durable-store-belts", make(TABLE))) == 2
    assert said("durable-store-belts", make(TABLE, props={**good, "pointInTimeRecovery": {"enabled": False}})) == [
        "one: pointInTimeRecovery.enabled has to be true"
    ]
    assert said("durable-store-belts", make(TABLE, props={**good, "pointInTimeRecovery": UNKNOWN})) == []


SAFE = {
    "deletionProtection": True,
    "storageEncrypted": True,
    "skipFinalSnapshot": False,
    "backupRetentionPeriod": 14.0,
}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"deletionProtection": False}, "deletionProtection has to be true"),
        ({"storageEncrypted": None}, "storageEncrypted has to be true"),
        ({"skipFinalSnapshot": True}, "skipFinalSnapshot has to be false"),
        ({"backupRetentionPeriod": 3.0}, "kept for 3 days"),
        ({"backupRetentionPeriod": None}, "isn't set"),
    ],
)
def test_a_database_has_every_belt_on(change: dict[str, object], part: str) -> None:
    assert said("durable-store-belts", make(DATABASE, props=SAFE)) == []
    (text,) = said("durable-store-belts", make(DATABASE, props={**SAFE, **change}))
    assert part in text


def test_the_days_of_backups_are_the_settings() -> None:
    assert said("durable-store-belts", make(DATABASE, props=SAFE), {"backupDays": 15}) != []
    assert said("durable-store-belts", make(DATABASE, props={**SAFE, "backupRetentionPeriod": UNKNOWN})) == []


def test_a_bucket_is_not_emptied_by_its_delete() -> None:
    assert said("durable-store-belts", make(BUCKET)) == []
    assert said("durable-store-belts", make(BUCKET, props={"forceDestroy": False})) == []
    assert said("durable-store-belts", make(BUCKET, props={"forceDestroy": True})) == [
        "one: forceDestroy has to be false"
    ]


def test_an_approval_opens_the_locks_of_the_account_and_nothing_else() -> None:
    approved = replace(FACTS, approvals=(approval(urn("one"), Action.DELETE),))
    open_locks = {"deletionProtectionEnabled": False, "pointInTimeRecovery": {"enabled": True}}
    assert said("durable-store-belts", make(TABLE, props=open_locks)) != []
    assert said("durable-store-belts", make(TABLE, props=open_locks), facts=approved) == []
    assert said("durable-store-belts", make(BUCKET, props={"forceDestroy": True}), facts=approved) == []
    rest = {**SAFE, "deletionProtection": False, "skipFinalSnapshot": True}
    (text,) = said("durable-store-belts", make(DATABASE, props=rest), facts=approved)
    assert "skipFinalSnapshot" in text


def test_a_bucket_is_versioned_by_name_by_reference_or_by_itself() -> None:
    bucket, enabled = (
        make(BUCKET, "files", {"bucket": "files-prod"}),
        {"versioningConfiguration": {"status": "Enabled"}},
    )
    by_name = make(VERSIONING, "v", {**enabled, "bucket": "files-prod"})
    by_reference = make(VERSIONING, "v", {**enabled, "bucket": UNKNOWN}, sources={"bucket": ["files"]})
    assert said_of("durable-bucket-versioned", [bucket, by_name]) == []
    assert said_of("durable-bucket-versioned", [bucket, by_reference]) == []
    assert said_of("durable-bucket-versioned", [make(BUCKET, props={"versioning": {"enabled": True}})]) == []
    assert said_of("durable-bucket-versioned", [make(TABLE)]) == []


def test_a_bucket_without_versioning_or_with_a_suspended_one_is_found() -> None:
    bucket = make(BUCKET, "files", {"bucket": "files-prod"})
    other = make(VERSIONING, "v", {"bucket": "other", "versioningConfiguration": {"status": "Enabled"}})
    assert said_of("durable-bucket-versioned", [bucket, other]) == ["files: the bucket has no BucketVersioning"]
    suspended = make(VERSIONING, "v", {"bucket": "files-prod", "versioningConfiguration": {"status": "Suspended"}})
    assert "Suspended" in said_of("durable-bucket-versioned", [bucket, suspended])[0]


@pytest.mark.parametrize(
    ("policy", "entries", "outcome"),
    [
        ("durable-store-removal", "removals", "deleted"),
        ("durable-store-replacement", "replacements", "replaced"),
    ],
)
def test_each_refusal_of_the_plan_is_a_violation(policy: str, entries: str, outcome: str) -> None:
    refused = {**ENTRY, "refusal": "no recovery point younger than 1 hour"}
    (text,) = said(policy, make(PLAN, props={entries: [refused, {**ENTRY, "refusal": None}]}))
    assert text == f"jobs-prod would be {outcome}: no recovery point younger than 1 hour\n{urn('jobs')}"
    assert said(policy, make(PLAN, props={entries: []})) == []
    assert said(policy, make(PLAN)) == []
    assert said(policy, make(TABLE, props={entries: [refused]})) == []


def test_a_refusal_that_is_unknown_counts() -> None:
    assert said("durable-store-removal", make(PLAN, props={"removals": [{**ENTRY, "refusal": UNKNOWN}]})) != []
    assert said("durable-store-removal", make(PLAN, props={"removals": UNKNOWN})) != []


def planned(durable: float | None, name: str = "plan") -> Resource:
    told = {} if durable is None else {"durable": durable}
    return make(PLAN, name, {"guard": guard_digest(), **told})


def test_a_plan_that_another_guard_made_is_none() -> None:
    stores = [make(TABLE, "a", **GUARDED)]
    for other in ({"durable": 1}, {"durable": 1, "guard": "0" * 64}):
        (text,) = said_of("guard-present", [*stores, make(PLAN, "plan", other)])
        assert "a guard that isn't this pack's" in text


def test_a_plan_of_an_earlier_update_is_not_judged_again() -> None:
    settled = replace(make(PLAN, props={"removals": [{**ENTRY, "refusal": "none"}]}), ignore_changes=("settled",))
    assert said("durable-store-removal", settled) == []


def test_the_guard_counts_every_store() -> None:
    stores = [make(TABLE, "a", **GUARDED), make(BUCKET, "b", **GUARDED)]
    assert said_of("guard-present", [*stores, planned(2.0, "plan")]) == []
    assert said_of("guard-present", [make("aws:sns/topic:Topic")]) == []
    assert "0 components" in said_of("guard-present", stores)[0]
    twice = [planned(2, "plan"), planned(2, "again")]
    assert "2 components" in said_of("guard-present", [*stores, *twice])[0]
    assert "counts 1" in said_of("guard-present", [*stores, planned(1, "plan")])[0]
    assert "counts 3" in said_of("guard-present", [*stores, planned(3, "plan")])[0]
    assert "counts None" in said_of("guard-present", [*stores, planned(None)])[0]


def test_what_the_program_only_reads_is_not_missed_in_the_plan() -> None:
    read = make("kubernetes:core/v1:Namespace", "kube-system")
    assert said_of("guard-present", [make(TABLE, **GUARDED), read, planned(1, "plan")]) == []


def test_over_a_state_the_engine_knows_less_and_the_deed_is_done() -> None:
    over = replace(FACTS, live=False)
    assert said("durable-store-protected", make(TABLE, protect=True), facts=over) == []
    assert said("durable-store-protected", make(TABLE), facts=over) != []
    refused = make(PLAN, props={"removals": [{**ENTRY, "refusal": "none"}]})
    assert said("durable-store-removal", refused, facts=over) == []


def test_the_approval_of_a_component_frees_nothing_that_lies_in_it() -> None:
    component = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag::async-rag"
    approved = replace(FACTS, approvals=(approval(component, Action.DELETE),))
    assert said("durable-store-protected", make(TABLE, "jobs", parent=component), facts=approved) != []
    assert said("durable-store-belts", make(TABLE, "jobs", parent=component), facts=approved) != []
    bucket = f"urn:pulumi:prod::rollback-stack::{BUCKET}::files"
    above = replace(FACTS, approvals=(approval(bucket, Action.DELETE),))
    assert said("durable-store-protected", make(VERSIONING, "files", parent=bucket), facts=above) == []
