"""What makes the provider replace a store, however a program and a service spell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.identity import changed, is_same
from guard.plan import compare
from tests.guard.declaring import make, run, state

TABLE, DATABASE, CLUSTER = "aws:dynamodb/table:Table", "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
QUEUE, CLAIM = "aws:sqs/queue:Queue", "kubernetes:core/v1:PersistentVolumeClaim"
STATEFUL = "kubernetes:apps/v1:StatefulSet"
BY_DATE = {"name": "byDate", "rangeKey": "date", "projectionType": "ALL"}
BY_SIZE = {"name": "bySize", "rangeKey": "size", "projectionType": "KEYS_ONLY"}
JOBS = {"name": "jobs", "hashKey": "id", "region": "us-east-1"}
BASE = {"identifier": "base", "engine": "postgres", "dbName": "app", "username": "app", "region": "us-east-1"}


def claim(*modes: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "data", "namespace": "shop"}, "spec": {"accessModes": list(modes), **spec}}


def templates(name: str, **more: Any) -> dict[str, Any]:
    found = {"metadata": {"name": name, **more}, "spec": {"accessModes": ["ReadWriteOnce"], **more}}
    return {"metadata": {"name": "db"}, "spec": {"serviceName": "db", "volumeClaimTemplates": [found]}}


REPLACED: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "a local index is added": (TABLE, JOBS, {**JOBS, "localSecondaryIndexes": [BY_DATE]}, "localSecondaryIndexes"),
    "a local index goes": (TABLE, {**JOBS, "localSecondaryIndexes": [BY_DATE]}, JOBS, "localSecondaryIndexes"),
    "a local index is another one": (
        TABLE,
        {**JOBS, "localSecondaryIndexes": [BY_DATE, BY_SIZE]},
        {**JOBS, "localSecondaryIndexes": [BY_DATE, {**BY_SIZE, "projectionType": "ALL"}]},
        "localSecondaryIndexes",
    ),
    "a second key goes": (TABLE, {**JOBS, "rangeKey": "date"}, JOBS, "rangeKey"),
    "a queue is a FIFO one no more": (
        QUEUE,
        {"name": "jobs.fifo", "fifoQueue": True, "region": "us-east-1"},
        {"name": "jobs.fifo"},
        "fifoQueue",
    ),
    "a table is restored": (TABLE, JOBS, {**JOBS, "restoreSourceName": "old-jobs"}, "restoreSourceName"),
    "a table is imported": (
        TABLE,
        JOBS,
        {**JOBS, "importTable": {"inputFormat": "CSV", "s3BucketSource": {"bucket": "b"}}},
        "importTable",
    ),
    "a snapshot is restored": (
        DATABASE,
        BASE,
        {**BASE, "snapshotIdentifier": "before-the-change"},
        "snapshotIdentifier",
    ),
    "another snapshot is restored": (
        CLUSTER,
        {"clusterIdentifier": "base", "engine": "aurora", "snapshotIdentifier": "one", "region": "us-east-1"},
        {"clusterIdentifier": "base", "engine": "aurora", "snapshotIdentifier": "two"},
        "snapshotIdentifier",
    ),
    "a time is restored": (
        DATABASE,
        BASE,
        {**BASE, "restoreToPointInTime": {"sourceDbInstanceIdentifier": "other", "useLatestRestorableTime": True}},
        "restoreToPointInTime",
    ),
    "a claim is for many": (CLAIM, claim("ReadWriteOnce"), claim("ReadWriteMany"), "spec.accessModes"),
    "a claim is for more": (
        CLAIM,
        claim("ReadWriteOnce"),
        claim("ReadWriteOnce", "ReadOnlyMany"),
        "spec.accessModes",
    ),
    "a claim selects others": (
        CLAIM,
        claim("ReadWriteOnce", selector={"matchLabels": {"disk": "fast"}}),
        claim("ReadWriteOnce", selector={"matchLabels": {"disk": "slow"}}),
        "spec.selector",
    ),
    "a StatefulSet has other claims": (STATEFUL, templates("data"), templates("files"), "spec.volumeClaimTemplates"),
}


@pytest.mark.parametrize("what", REPLACED)
def test_a_replacement_is_told(what: str, tmp_path: Path) -> None:
    token, old, new, path = REPLACED[what]
    program = run(state((token, "it", old)), lambda: make(token, "it", new), tmp_path)
    ((_, told),) = compare(program.changes.before, program.changes.declared).replaced
    assert told == (path,)


SAME: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "another order": (
        TABLE,
        {**JOBS, "localSecondaryIndexes": [BY_SIZE, BY_DATE]},
        {**JOBS, "localSecondaryIndexes": [BY_DATE, BY_SIZE]},
    ),
    "what the service filled in": (
        TABLE,
        {**JOBS, "localSecondaryIndexes": [{**BY_DATE, "nonKeyAttributes": []}]},
        {**JOBS, "localSecondaryIndexes": [BY_DATE]},
    ),
    "names as Python spells them": (
        TABLE,
        {**JOBS, "localSecondaryIndexes": [BY_DATE]},
        {**JOBS, "localSecondaryIndexes": [{"name": "byDate", "range_key": "date", "projection_type": "ALL"}]},
    ),
    "modes in another order": (CLAIM, claim("ReadWriteOnce", "ReadOnlyMany"), claim("ReadOnlyMany", "ReadWriteOnce")),
    "what the cluster filled in": (
        STATEFUL,
        templates("data", volumeMode="Filesystem", creationTimestamp=None),
        templates("data"),
    ),
    "a switch that is off and one that isn't set": (QUEUE, {**JOBS, "fifoQueue": False}, {"name": "jobs"}),
    "nothing and an empty list": (TABLE, JOBS, {**JOBS, "localSecondaryIndexes": []}),
    "what the service chose": (DATABASE, {**BASE, "availabilityZone": "us-east-1a", "kmsKeyId": "arn"}, BASE),
    "what was adopted and never read": (TABLE, {}, {**JOBS, "localSecondaryIndexes": [BY_DATE]}),
}


@pytest.mark.parametrize("what", SAME)
def test_what_only_looks_different_is_no_replacement(what: str, tmp_path: Path) -> None:
    token, old, new = SAME[what]
    before = state((token, "it", old))
    if not old:
        object.__setattr__(before, "stores", {urn: _unread(store) for urn, store in before.stores.items()})
    program = run(before, lambda: make(token, "it", new), tmp_path)
    assert compare(program.changes.before, program.changes.declared).replaced == ()


def _unread(store: Any) -> Any:
    from dataclasses import replace

    return replace(store, identity={})


def test_what_is_known_only_in_the_update_is_left_to_the_hook(tmp_path: Path) -> None:
    later = pulumi.Output.from_input("date")
    old = {**JOBS, "rangeKey": "date", "localSecondaryIndexes": [BY_DATE, BY_SIZE]}
    new = {**JOBS, "rangeKey": later, "localSecondaryIndexes": [BY_SIZE, {**BY_DATE, "rangeKey": later}]}
    program = run(state((TABLE, "it", old)), lambda: make(TABLE, "it", new), tmp_path)
    assert compare(program.changes.before, program.changes.declared).replaced == ()


VALUES = st.recursive(
    st.text(max_size=3) | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_everything_is_itself(value: Any) -> None:
    assert is_same(value, value)
    assert changed({"a": value}, {"a": value}) == set()
    assert is_same([value, "last"], ["last", value])
