"""The durable stores of a state, and what of their guard is missing."""

from __future__ import annotations

from typing import Any

import pytest

from guard.inventory import digest, durable, others
from tests.guard.states import resource, state, urn


def test_a_guarded_store_lacks_nothing() -> None:
    (store,) = durable(
        state(resource("receipts"), resource("alarm", "aws:cloudwatch/metricAlarm:MetricAlarm"))
    ).values()
    assert (store.urn, store.name, store.lacks) == (urn("receipts"), "receipts", [])


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"protect": False}, ["protection"]),
        ({"retainOnDelete": None}, ["retention"]),
        ({"resourceHooks": {}}, ["delete hook"]),
        ({"resourceHooks": {"BeforeDelete": ["another"]}}, ["delete hook"]),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], lacks: list[str]) -> None:
    (store,) = durable(state(resource("receipts", **changes))).values()
    assert store.lacks == lacks


def test_what_is_only_read_or_about_to_go_is_no_store_of_the_stack() -> None:
    assert durable(state(resource("a", external=True), resource("b", delete=True))) == {}
    assert durable({}) == {}


def test_what_a_state_has_beside_stores_is_known_by_the_providers_ids() -> None:
    topic, root = "aws:sns/topic:Topic", {"urn": "urn:root", "type": "pulumi:pulumi:Stack", "custom": False}
    shop = {"urn": "urn:shop", "type": "rollback:systems:Shop", "custom": False}
    only_read, going = resource("a", topic, external=True), resource("b", topic, delete=True)
    found = others(state(root, shop, resource("store"), resource("told", topic, id="arn:x"), only_read, going))
    assert found == {"urn:shop": "", urn("told", topic): "arn:x"}


def test_the_digest_changes_with_the_guard_and_not_with_ciphertexts() -> None:
    before = state(resource("a"), resource("b"))
    assert digest(before) == digest(state(resource("b"), resource("a", inputs={"name": "a", "secret": "v1:x"})))
    for other in (state(resource("a")), state(resource("a"), resource("b", protect=False)), state()):
        assert digest(other) != digest(before)


def test_what_the_program_gives_needs_the_hook_alone() -> None:
    bare = resource("settings", "kubernetes:core/v1:ConfigMap", protect=False, retainOnDelete=None)
    assert [store.lacks for store in durable(state(bare)).values()] == [[]]
    unhooked = resource("settings", "kubernetes:core/v1:ConfigMap", protect=False, resourceHooks={})
    assert [store.lacks for store in durable(state(unhooked)).values()] == [["delete hook"]]


def test_a_type_that_nobody_has_reviewed_is_a_store_and_a_component_is_none() -> None:
    there = state(
        resource("ledger", "pulumi-python:dynamic:Resource"),
        resource("site", "other:index:Website", custom=False),
    )
    assert [store.type for store in durable(there).values()] == ["pulumi-python:dynamic:Resource"]


def test_where_a_store_lies_is_told_by_arn_region_provider_or_namespace() -> None:
    provider = "urn:pulumi:prod::p::pulumi:providers:aws::west"
    made = resource(
        "west", "pulumi:providers:aws", urn=provider, inputs={"region": "us-west-2"}, outputs={}, protect=False
    )
    arn = "arn:aws:dynamodb:eu-west-1:1:table/a"
    stores = [
        resource("a", outputs={"arn": arn}),
        resource("b", outputs={"arn": "arn:aws:s3:::b", "region": "us-east-1"}),
        resource("c", outputs={}, provider=f"{provider}::id"),
        resource("d", outputs={}),
    ]
    found = {store.name: store.place for store in durable(state(made, *stores)).values()}
    assert found == {"a": "1 eu-west-1", "b": "us-east-1", "c": "us-west-2", "d": ""}


def test_a_default_provider_is_the_same_in_every_version_of_the_sdk() -> None:
    token, metadata = "kubernetes:core/v1:PersistentVolumeClaim", {"name": "data", "namespace": "one"}
    base = "urn:pulumi:prod::p::pulumi:providers:kubernetes::default"
    old, new, other = (
        next(iter(durable(state(resource("data", token, inputs={"metadata": metadata}, provider=each))).values()))
        for each in (f"{base}_4_34_2::a", f"{base}_4_35_0::b", f"{base.removesuffix('default')}east::c")
    )
    assert old.is_same(new)
    assert not old.is_same(other)


def test_what_isnt_known_is_never_the_same_and_never_another() -> None:
    old, new = (
        durable(state(resource("a", outputs=outputs)))[urn("a")] for outputs in ({}, {"arn": "arn:aws:x:r:1:a"})
    )
    assert not old.is_same(new)
    assert not old.is_another(new)
