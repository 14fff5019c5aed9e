"""The durable stores of a state, and what of their guard is missing."""

from __future__ import annotations

from typing import Any

import pytest

from guard.inventory import digest, durable
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


def test_the_digest_changes_with_the_guard_and_not_with_ciphertexts() -> None:
    before = state(resource("a"), resource("b"))
    assert digest(before) == digest(state(resource("b"), resource("a", inputs={"name": "a", "secret": "v1:x"})))
    for other in (state(resource("a")), state(resource("a"), resource("b", protect=False)), state()):
        assert digest(other) != digest(before)
