"""What is looked at before an update moves anything, against a Lambda and an S3 that lack things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli import preflight
from cli.preflight import artifacts, lost, published
from cli.pulumi_command import EngineError
from stacks.artifact_objects import (
    FUNCTION,
    LAYER,
    PARAMETER,
    artifact_objects,
    code_hash,
    exchanged_line,
    missing_line,
)
from stacks.file import read
from stacks.selection import select

BUCKET = "rollback-artifacts"
PREFIX = "urn:pulumi:prod::rollback-stack::rollback:systems:X$"


def settings(version: str = "v1.2.3", **more: str) -> Any:
    return read("prod", {"rollback-stack:version": version, **more})


def wanted(version: str = "v1.2.3", **more: str) -> Any:
    chosen = settings(version, **more)
    return artifact_objects(chosen, select(chosen))


def state(*resources: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    stack = {"type": "pulumi:pulumi:Stack", "urn": "urn::stack", "outputs": outputs}
    return {"deployment": {"resources": [stack, *resources]}}


def resource(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "urn": f"{PREFIX}{kind}::{name}", "id": name, "outputs": {}, **more}


def deployed(item: Any) -> dict[str, Any]:
    """An artifact's resource, as a state has it once it is deployed."""
    if item.type == PARAMETER:
        return resource(item.type, item.resource, outputs={"insecureValue": f'{{"key": "{item.key}"}}'})
    outputs = {"s3Key": item.key, "sourceCodeHash": code_hash(item.sha256), "name": f"{item.system}-{item.name}"}
    return resource(item.type, item.resource, outputs=outputs)


@dataclass
class FakeLambda:
    """Answers with the versions of each function; what isn't listed isn't there."""

    functions: dict[str, dict[str, str]] = field(default_factory=dict)
    layers: set[str] = field(default_factory=set)

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def get_paginator(self, operation: str) -> FakeLambda:
        assert operation == "list_versions_by_function"
        return self

    def paginate(self, FunctionName: str) -> Iterator[dict[str, Any]]:
        if FunctionName not in self.functions:
            raise self.exceptions.ResourceNotFoundException
        for number, code in {"$LATEST": "", **self.functions[FunctionName]}.items():
            yield {"Versions": [{"Version": number, "CodeSha256": code}]}

    def get_layer_version(self, LayerName: str, VersionNumber: int) -> None:
        if f"{LayerName}:{VersionNumber}" not in self.layers:
            raise self.exceptions.ResourceNotFoundException


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def missing(version: str, state: dict[str, Any], s3: Any, **more: str) -> list[str]:
    chosen = settings(version, **more)
    chosen = chosen.model_copy(update={"project": chosen.project.model_copy(update={"artifact_bucket": BUCKET})})
    return [item.key for item in artifacts.missing(chosen, select(chosen), state, s3)]


def test_what_is_deployed_is_not_asked_for(s3: Any) -> None:
    assert missing("v1.2.3", state(*map(deployed, wanted())), s3) == []


def test_every_zip_that_lacks_is_named_and_no_other(s3: Any) -> None:
    items = wanted()
    for item in items[2:]:
        s3.put_object(Bucket=BUCKET, Key=item.key, Body=b"zip")
    assert missing("v1.2.3", state(), s3) == [item.key for item in items[:2]]
    assert missing("v1.2.3", state(deployed(items[0])), s3) == [items[1].key]


def test_a_layer_or_revision_that_was_exchanged_in_the_bucket_is_named(s3: Any) -> None:
    chosen = settings()
    chosen = chosen.model_copy(update={"project": chosen.project.model_copy(update={"artifact_bucket": BUCKET})})
    for item in wanted():
        s3.put_object(Bucket=BUCKET, Key=item.key, Body=b"something else")
    found = artifacts.exchanged(chosen, select(chosen), state(), s3)
    assert {item.type for item in found} == {LAYER, PARAMETER}
    assert all(item.key in exchanged_line("prod", BUCKET, found) for item in found)
    assert artifacts.exchanged(chosen, select(chosen), state(*map(deployed, wanted())), s3) == []


def test_a_bucket_that_is_not_there_has_nothing(s3: Any) -> None:
    s3.delete_bucket(Bucket=BUCKET)
    assert missing("v1.2.3", state(), s3) == [item.key for item in wanted()]


def test_a_bucket_that_may_not_be_read_is_an_error() -> None:
    class Forbidden:
        def head_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    with pytest.raises(ClientError):
        missing("v1.2.3", state(), Forbidden())


def test_only_what_will_run_is_needed() -> None:
    """A system's own pin, and the release that handlersFrom names."""
    pinned = {item.key for item in wanted("v1.2.3", **{"async-rag:version": "v1.2.1"}) if item.system == "async-rag"}
    assert pinned == {item.key for item in wanted("v1.2.1") if item.system == "async-rag"}
    handlers = [
        item for item in wanted("v1.2.3", **{"compaction:handlersFrom": "v1.2.1"}) if item.system == "compaction"
    ]
    functions = {item.key for item in handlers if item.type == FUNCTION}
    assert functions == {item.key for item in wanted("v1.2.1") if item.system == "compaction" and item.type == FUNCTION}


def test_the_line_has_bucket_keys_and_a_command() -> None:
    line = missing_line("prod", BUCKET, wanted()[:2])
    assert "\n" not in line
    for word in (BUCKET, *(item.key for item in wanted()[:2]), "rollback release publish", "docs/releases.md"):
        assert word in line


def functions(*names: str) -> list[dict[str, Any]]:
    return [resource(FUNCTION, name, outputs={"name": f"{name}-prod"}) for name in names]


def test_functions_that_were_deleted_by_hand_are_forgotten_with_what_lambda_has_of_them() -> None:
    alias, permission = "aws:lambda/alias:Alias", "aws:lambda/permission:Permission"
    table = "aws:dynamodb/table:Table"
    one, two = functions("one", "two")
    made = [
        one,
        two,
        resource(alias, "one-live", dependencies=[one["urn"]]),
        resource(permission, "one-may", dependencies=[f"{PREFIX}{alias}::one-live"]),
        resource(alias, "two-live", dependencies=[two["urn"]]),
        resource(table, "jobs", dependencies=[one["urn"]]),
    ]
    there = state(*made)
    client = FakeLambda({"two-prod": {"1": "x"}})
    gone = lost.lost_resources(there, published.existing(there, client), client)
    assert [urn.rpartition("::")[2] for urn in gone] == ["one", "one-live", "one-may"]


def test_a_layer_version_that_was_deleted_is_forgotten() -> None:
    there = state(resource(LAYER, "a", id="arn:a:1"), resource(LAYER, "b", id="arn:a:2"), resource(LAYER, "c", id=""))
    client = FakeLambda(layers={"arn:a:1"})
    assert [urn.rpartition("::")[2] for urn in lost.lost_resources(there, {}, client)] == ["b"]


def gone_lines(memory: Any, versions: dict[str, str] | None) -> list[str]:
    chosen = settings("v1.2.2")
    (item,) = [item for item in wanted("v1.2.2") if item.resource == "security-assistant-worker"]
    there = state(resource(FUNCTION, item.resource, outputs={"name": "worker"}))
    held = {number: code.replace("PINNED", code_hash(item.sha256)) for number, code in (versions or {}).items()}
    found = {"worker": None if versions is None else held}
    return list(published.gone(chosen, select(chosen), there, memory, found))


def test_a_remembered_version_that_is_gone_is_said_beforehand() -> None:
    memory = {"published": {"worker": {"versions": {"a": "1", "b": "2"}}}}
    line = "version 1 of worker is gone: what v1.2.2 runs of it is published anew"
    assert gone_lines(memory, {"2": "other"}) == [line]
    assert gone_lines(memory, {"2": "PINNED"}) == []
    assert gone_lines(memory, {"1": "x", "2": "y"}) == []
    assert gone_lines(memory, None) == []


@pytest.mark.parametrize("lie", [None, {}, "x", {"worker": 1}, {"worker": {"versions": []}}])
def test_what_is_remembered_may_be_anything(lie: Any) -> None:
    assert gone_lines({"published": lie}, {"2": "other"}) == []


class FakeEngine:
    def __init__(self, state: dict[str, Any]) -> None:
        self.kept, self.refreshed = state, list[str]()

    def state(self) -> dict[str, Any]:
        return self.kept

    def refresh(self, urns: list[str]) -> None:
        self.refreshed += urns


def test_nothing_is_refreshed_where_something_lacks(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = FakeEngine(state(*functions("one")))
    s3.create_bucket(Bucket="rollback-stack-artifacts")
    with pytest.raises(EngineError, match=r"artifacts aren't in bucket"):
        preflight.check(settings(), engine, engine.kept)
    monkeypatch.setattr(artifacts, "missing", lambda *_: [])
    monkeypatch.setattr(artifacts, "exchanged", lambda *_: [])
    monkeypatch.setattr(artifacts, "exchanged", lambda *_: [])
    preflight.check(settings(), engine, engine.kept)
    assert [urn.rpartition("::")[2] for urn in engine.refreshed] == ["one"]


def test_a_bucket_that_is_not_there_is_named_before_any_of_what_it_lacks(s3: Any) -> None:
    engine: Any = FakeEngine(state(*functions("one")))
    with pytest.raises(preflight.PreflightError) as refused:
        preflight.check(settings(), engine, engine.kept)
    said = str(refused.value)
    assert said.startswith("artifact bucket rollback-stack-artifacts isn't there. Nothing was touched.")
    assert "aws s3api create-bucket --bucket rollback-stack-artifacts" in said
    assert "`rollback release publish -s prod` brings" in said
    assert "functions/" not in said
    assert engine.refreshed == []


def test_a_bucket_of_another_account_is_refused_before_an_update(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidding:
        def head_object(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

        def head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:
            assert ExpectedBucketOwner == "123456789012"
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    sts = boto3.client("sts", region_name="us-east-1")
    clients: dict[str, Any] = {"s3": Forbidding(), "sts": sts}
    monkeypatch.setattr(preflight, "_client", lambda service, _: clients[service])
    engine: Any = FakeEngine(state())
    with pytest.raises(preflight.PreflightError, match="belongs to another account than 123456789012"):
        preflight.check(settings(), engine, engine.kept)


def test_a_bucket_that_is_gone_does_not_stop_an_update_that_takes_nothing_from_it(s3: Any) -> None:
    """Going back at night to what is deployed already needs no zip."""
    chosen = settings()
    there = state(*(deployed(item) for item in wanted()))
    assert preflight._missing(chosen, select(chosen), there, s3) == []
