"""What the engine sends becomes plain data: unknown values, secrets, assets, and what no other pack gets through."""

from __future__ import annotations

import math
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from policies import wire
from policies.subject import UNKNOWN, Resource
from policies.wire import SENTINELS
from tests.policies import stock
from tests.policies.requests import request, stack_request, struct

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET, ASSET, ARCHIVE, REFERENCE = (
    "1b47061264138c4ac30d75fd1eb44270",
    "c44067f5952c0a294b673a41bacd8c17",
    "0def7320c3a5731c473e5ecbe6d01bc7",
    "5cf8f73096256a8f31e491e813e4eb8e",
)


def marked(signature: str, **fields: Any) -> dict[str, Any]:
    return {SIGNATURE: signature, **fields}


def converted(value: Any) -> Any:
    return wire.properties(struct({"it": value}))["it"]


@pytest.mark.parametrize("sentinel", sorted(SENTINELS))
def test_each_kind_of_unknown_is_unknown_wherever_it_is(sentinel: str) -> None:
    assert converted([{"deep": [sentinel]}, sentinel, 3]) == [{"deep": [UNKNOWN]}, UNKNOWN, 3.0]
    assert converted(marked(SECRET, value=sentinel)) is UNKNOWN


@pytest.mark.parametrize("value", ["text", "", 3.0, 0.0, True, False, None, [], {}, [None, {"a": [1.5]}]])
def test_data_stays_what_it_is_also_as_a_secret(value: Any) -> None:
    assert converted(value) == value
    assert type(converted(value)) is type(value)
    assert converted(marked(SECRET, value=value)) == value
    assert converted({"deep": [marked(SECRET, value=marked(SECRET, value=value))]}) == {"deep": [value]}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_no_word_for_are_numbers(value: float) -> None:
    assert repr(converted([value])) == repr([value])


def test_assets_and_archives_are_the_sdks() -> None:
    file, text = converted(marked(ASSET, path="a.txt", hash="x")), converted(marked(ASSET, text="hello"))
    assert isinstance(file, pulumi.FileAsset)
    assert file.path == "a.txt"
    assert isinstance(text, pulumi.StringAsset)
    assert text.text == "hello"
    assert isinstance(converted(marked(ASSET, uri="https://x/y")), pulumi.RemoteAsset)
    assert isinstance(converted(marked(ARCHIVE, path="a.zip")), pulumi.FileArchive)
    assert isinstance(converted(marked(ARCHIVE, uri="https://x/y.zip")), pulumi.RemoteArchive)
    whole = converted(marked(ARCHIVE, assets={"a": marked(ASSET, text="x"), "b": marked(ARCHIVE, path="b.zip")}))
    assert isinstance(whole, pulumi.AssetArchive)
    assert set(whole.assets) == {"a", "b"}


@pytest.mark.parametrize(
    "value",
    [
        marked(ASSET),
        marked(ASSET, path=3.0),
        marked(ARCHIVE),
        marked(ARCHIVE, assets={"a": "text"}),
        marked(REFERENCE, urn="urn:x"),
        marked("unheard of"),
        {SIGNATURE: None},
        {SIGNATURE: [1.0]},
    ],
)
def test_what_isnt_understood_stays_as_it_came(value: Any) -> None:
    assert converted([value]) == [value]
    assert converted(marked(SECRET)) is None


TEXTS = st.sampled_from(["", "*", "arn:aws:sqs:x", *sorted(SENTINELS)])
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
KEYS = st.sampled_from(["name", "spec", "Statement"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | inner.map(lambda value: marked(SECRET, value=value))
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3))
def test_properties_are_those_of_the_stock_sdk(value: dict[str, Any]) -> None:
    message = struct(value)
    theirs = unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(message)))
    assert wire.properties(message) == stock.plain(theirs)


def test_a_resource_is_converted_when_it_is_looked_at_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    convert = wire.properties

    def counted(message: Any) -> dict[str, Any]:
        calls.append(message)
        return convert(message)

    monkeypatch.setattr(wire, "properties", counted)
    resource = wire.resource(request(Resource("aws:sqs/queue:Queue", "one", "urn:one", {"name": "a"})))
    assert calls == []
    assert resource.get("name") == resource.get("name") == "a"
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("resource", "custom"),
    [
        (Resource("other:x:Y", "a", "urn:a", protect=True, delete_before_replace=False, parent="urn:p"), True),
        (Resource("other:x:Y", "a", "urn:a", ignore_changes=("tags",), custom=False), False),
        (Resource("aws:sqs/queue:Queue", "a", "urn:a", delete_before_replace=True, custom=False), True),
    ],
)
def test_options_are_kept(resource: Resource, custom: bool) -> None:
    found = wire.resource(request(resource))
    for name in ("type", "name", "urn", "protect", "delete_before_replace", "parent"):
        assert getattr(found, name) == getattr(resource, name)
    assert tuple(found.ignore_changes) == tuple(resource.ignore_changes)
    assert found.custom is custom


def test_a_stack_knows_what_comes_from_where() -> None:
    queue = Resource("aws:sqs/queue:Queue", "a", "urn:a")
    alarm = Resource("x:y:Z", "b", "urn:b", dependencies=["urn:a", "urn:gone"], sources={"arn": ["urn:a", "urn:gone"]})
    stack = wire.stack(stack_request([queue, alarm]))
    found = stack.resources[1]
    assert found.dependencies == ("urn:a",)
    assert found.sources == {"arn": ("urn:a",)}
    assert [each.name for each in stack.sources(found, "arn", queue.type)] == ["a"]
    assert wire.stack(analyzer_pb2.AnalyzeStackRequest()).resources == ()
