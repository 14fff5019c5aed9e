"""Secrets and values that aren't known are told apart from all others, wherever they lie."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.checkov import manifests, resources, terraform
from policies.checkov.values import (
    ARCHIVE_PLACEHOLDER,
    CONCEALED,
    GAP,
    UNKNOWN,
    UNKNOWN_MARKERS,
    Unknown,
    clean,
    unknown_paths,
)
from tests.policies.checkov.previews import BUCKET, SECRET, SIGNATURE, preview, step

CANARY = "canary-7f3b"
"""Part of every secret below: it may be in no file."""
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET = "c44067f5952c0a294b673a41bacd8c17"


@pytest.mark.parametrize("marker", UNKNOWN_MARKERS)
def test_every_marker_of_the_engine_is_known(marker: str) -> None:
    assert clean(marker) == UNKNOWN
    assert clean(f"arn:aws:iam::1:role/{marker}") == Unknown(text=f"arn:aws:iam::1:role/{GAP}"), "what is known stays"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[secret]", CONCEALED),
        ({SIGNATURE: SECRET, "plaintext": '"x"'}, CONCEALED),
        ({SIGNATURE: SECRET, "ciphertext": "v1:abc"}, CONCEALED),
        ({SIGNATURE: SECRET, "plaintext": "true"}, CONCEALED),
        ({SIGNATURE: SECRET, "plaintext": "7"}, CONCEALED),
        ({SIGNATURE: SECRET, "plaintext": '["a"]'}, CONCEALED),
        (json.dumps({"password": {SIGNATURE: SECRET, "value": "x"}}), CONCEALED),
        ({SIGNATURE: OUTPUT, "value": "x", "secret": True}, CONCEALED),
        ({SIGNATURE: OUTPUT, "value": ["x"]}, ["x"]),
        ({SIGNATURE: OUTPUT}, UNKNOWN),
        ({SIGNATURE: ASSET, "text": "x"}, ARCHIVE_PLACEHOLDER),
        ({SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "urn:x"}, UNKNOWN),
        ({"__defaults": ["a"], "a": 1}, {"a": 1}),
        ([True, None, 1.5, "a"], [True, None, 1.5, "a"]),
    ],
)
def test_marked_values(value: Any, expected: Any) -> None:
    assert clean(value) == expected


def test_unknown_parts_are_named_by_their_keys() -> None:
    value = clean({"a": [{"b": UNKNOWN_MARKERS[0], "c": 1}], "d": UNKNOWN_MARKERS[1], "e": [UNKNOWN_MARKERS[2], 2]})
    assert sorted(unknown_paths(value)) == [("a", "b"), ("d",), ("e",)]


secrets = st.text(max_size=8).map(lambda text: f"{CANARY}{text}")
hidden = st.one_of(
    st.sampled_from(UNKNOWN_MARKERS),
    st.sampled_from(UNKNOWN_MARKERS).map(lambda marker: f"arn:{marker}/x"),
    secrets.map(lambda text: {SIGNATURE: SECRET, "plaintext": json.dumps(text)}),
    secrets.map(lambda text: {SIGNATURE: SECRET, "ciphertext": text}),
    secrets.map(lambda text: {SIGNATURE: OUTPUT, "value": text, "secret": True}),
    secrets.map(lambda text: {SIGNATURE: ASSET, "text": text}),
    secrets.map(lambda text: json.dumps({"tags": {SIGNATURE: SECRET, "value": text}})),
)
keys = st.sampled_from(["bucket", "tags", "kmsKeyId", "rules", "policies", "environment", "data", "spec", "metadata"])
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
inputs = st.recursive(
    st.one_of(hidden, plain),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(keys, inputs, max_size=4))
def test_no_secret_and_no_marker_reaches_a_file(given: dict[str, Any]) -> None:
    read = resources.read(
        preview(
            step(BUCKET, "one", given, propertyDependencies={key: [] for key in given}),
            step("kubernetes:core/v1:ConfigMap", "two", given),
            step("kubernetes:core/v1:Secret", "three", {**given, "stringData": {"password": CANARY}}),
            step("pulumi:providers:aws", "four", given),
        )
    )
    plan = terraform.plan(read)
    written = json.dumps(plan.document) + "".join(manifests.write(read, plan.holes).files.values()) + str(plan.holes)
    assert "three" in written
    for forbidden in (CANARY, SIGNATURE, *UNKNOWN_MARKERS):
        assert forbidden not in written
