"""Changes, replacement, failures and protection, at the level of the provider's protocol."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from sandbox.providers import plugin, wire
from sandbox.providers.aws import resource, types
from sandbox.providers.aws.service import AwsProvider
from sandbox.providers.protocol import provider_pb2 as messages
from tests.sandbox.providers.aws.harness import Harness, Made
from tests.sandbox.providers.aws.makers import CODE, TRUST, archive, function, instance, queue, table

Client = Callable[[str], Any]
FUNCTION = "aws:lambda/function:Function"
TABLE = "aws:dynamodb/table:Table"


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    text = str(caught.value.details())
    assert "\n" not in text
    return text


def given(made: Made, **changes: Any) -> dict[str, Any]:
    """The inputs of a resource with changes; None takes one away."""
    inputs = {**made.inputs, **changes}
    return {name: value for name, value in inputs.items() if value is not None and name != "__defaults"}


def test_only_a_change_publishes_a_version(provider: Harness) -> None:
    made = function(provider, publish=True)
    assert made.state["version"] == "1"
    tagged = provider.update(made, **given(made, tags={"a": "b"}))
    assert tagged.state["version"] == "1"
    changed = provider.update(tagged, **given(tagged, code=archive(CODE + "# new")))
    assert changed.state["version"] == "2"
    assert changed.state["codeSha256"] != made.state["codeSha256"]
    assert changed.state["qualifiedArn"].endswith(":2")
    plain = function(provider, name="plain")
    assert plain.state["version"] == "$LATEST"
    assert provider.update(plain, **given(plain, timeout=9)).state["version"] == "$LATEST"


def test_update_preview_keeps_what_cannot_change(provider: Harness) -> None:
    made = function(provider, publish=True)
    preview = provider.update(made, preview=True, **given(made, timeout=9)).state
    assert preview["version"] == preview["qualifiedArn"] == wire.UNKNOWN
    assert preview["arn"] == made.state["arn"]
    tagged = provider.update(made, preview=True, **given(made, tags={"a": "b"})).state
    assert tagged["version"] == "1"


def test_create_preview_with_unknowns(provider: Harness) -> None:
    checked = provider.check(FUNCTION, "fn", {"role": wire.UNKNOWN, "s3Bucket": "b", "s3Key": wire.UNKNOWN})
    request = messages.CreateRequest(urn=provider.urn(FUNCTION, "fn"), properties=wire.encode(checked), preview=True)
    state = wire.decode(provider.stub.Create(request).properties)
    assert state["role"] == state["arn"] == state["version"] == wire.UNKNOWN
    assert state["timeout"] == 3


def test_settings_dropped_from_the_program_are_reset(provider: Harness, client: Client) -> None:
    made = function(
        provider, environment={"variables": {"A": "1"}}, description="d", reservedConcurrentExecutions=3, timeout=9
    )
    bare = provider.update(
        made, **given(made, environment=None, description=None, reservedConcurrentExecutions=None, timeout=None)
    )
    found = client("lambda").get_function_configuration(FunctionName=bare.id)
    assert not found.get("Environment", {}).get("Variables")
    assert found["Timeout"] == 3
    assert not found["Description"]
    assert "ReservedConcurrentExecutions" not in client("lambda").get_function_concurrency(FunctionName=bare.id)
    assert not provider.diff_checked(bare, bare.inputs).diffs


def test_replacement_order_follows_the_name(provider: Harness) -> None:
    automatic, named = table(provider), table(provider, name="mine")
    keys = {"hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
    for made, first in ((automatic, False), (named, True)):
        inputs = given(made, **keys)
        if made is automatic:
            inputs.pop("name")
        answer = provider.diff(made, **inputs)
        assert list(answer.replaces) == ["hashKey"]
        assert answer.deleteBeforeReplace is first
        assert answer.detailedDiff["hashKey"].kind == messages.PropertyDiff.UPDATE_REPLACE
        assert answer.detailedDiff["attributes"].kind == messages.PropertyDiff.UPDATE


def test_an_index_may_give_its_keys_as_key_schemas(provider: Harness, client: Client) -> None:
    attributes = [{"name": name, "type": "S"} for name in ("gk", "pk")]
    keys = [{"attributeName": "pk", "keyType": "RANGE"}, {"attributeName": "gk", "keyType": "HASH"}]
    index = {"name": "by-gk", "projectionType": "ALL", "keySchemas": keys}
    inputs = {"hashKey": "pk", "billingMode": "PAY_PER_REQUEST", "attributes": attributes}
    made = provider.create(TABLE, "table", **inputs, globalSecondaryIndexes=[index])
    (found,) = client("dynamodb").describe_table(TableName=made.id)["Table"]["GlobalSecondaryIndexes"]
    assert [(key["AttributeName"], key["KeyType"]) for key in found["KeySchema"]] == [("gk", "HASH"), ("pk", "RANGE")]
    assert made.state["globalSecondaryIndexes"] == [index]
    assert provider.refresh(made) == (made.inputs, made.state)
    assert not provider.diff_checked(made, made.inputs).diffs

    older = {"name": "by-gk", "projectionType": "ALL", "hashKey": "gk", "rangeKey": "pk"}
    same = provider.update(made, **given(made, globalSecondaryIndexes=[older]))
    assert same.state["globalSecondaryIndexes"] == [older]
    again = provider.update(same, **given(made))
    assert again.state["globalSecondaryIndexes"] == [index]
    assert client("dynamodb").describe_table(TableName=made.id)["Table"]["GlobalSecondaryIndexes"] == [found]

    fewer = [{**index, "keySchemas": keys[1:]}]
    provider.update(again, **given(made, globalSecondaryIndexes=fewer))
    (found,) = client("dynamodb").describe_table(TableName=made.id)["Table"]["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in found["KeySchema"]] == ["gk"]
    stray = [{**index, "keySchemas": [{"attributeName": "other", "keyType": "HASH"}]}]
    with pytest.raises(AssertionError, match="these differ: gk, other"):
        provider.update(again, **given(made, globalSecondaryIndexes=stray))


def test_table_changes_in_place(provider: Harness, client: Client) -> None:
    made = table(provider)
    attributes = [{"name": name, "type": "S"} for name in ("gk", "pk")]
    index = {"name": "by-gk", "hashKey": "gk", "projectionType": "ALL", "readCapacity": 2, "writeCapacity": 2}
    wide = provider.update(
        made,
        **given(
            made,
            attributes=attributes,
            globalSecondaryIndexes=[index],
            billingMode="PROVISIONED",
            readCapacity=2,
            writeCapacity=2,
            streamEnabled=True,
            streamViewType="NEW_IMAGE",
            ttl={"enabled": True, "attributeName": "x"},
            deletionProtectionEnabled=True,
            tags={"a": "b"},
        ),
    )
    found = client("dynamodb").describe_table(TableName=made.id)["Table"]
    assert found["DeletionProtectionEnabled"] is True
    assert found["GlobalSecondaryIndexes"][0]["IndexName"] == "by-gk"
    assert wide.state["streamArn"]
    assert wide.state["tagsAll"] == {"a": "b"}
    assert "deletion" in refused(lambda: provider.delete(wide)).lower()
    back = provider.update(wide, **given(made, deletionProtectionEnabled=False))
    assert back.state["billingMode"] == "PAY_PER_REQUEST"
    assert not client("dynamodb").describe_table(TableName=made.id)["Table"].get("GlobalSecondaryIndexes")
    provider.delete(back)
    assert provider.refresh(back) is None


def test_failure_after_creation_keeps_the_resource(
    provider: Harness, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.providers.aws.api import Api, AwsError

    real = Api.call

    def failing(self: Api, service: str, operation: str, region: str = "", **more: Any) -> dict[str, Any]:
        if operation == "update_continuous_backups":
            raise AwsError("dynamodb update_continuous_backups: busy")
        return real(self, service, operation, region, **more)

    monkeypatch.setattr(Api, "call", failing)
    with pytest.raises(grpc.RpcError) as caught:
        table(provider, pointInTimeRecovery={"enabled": True}, tags={"a": "b"})
    detail = init_failed(caught.value)
    assert "busy" in detail.reasons[0]
    name = detail.id
    assert client("dynamodb").list_tables()["TableNames"] == [name]
    monkeypatch.setattr(Api, "call", real)

    state, inputs = wire.decode(detail.properties), wire.decode(detail.inputs)
    made = Made(provider.urn(TABLE, "table"), name, inputs, state)
    assert "pointInTimeRecovery" not in inputs
    healed = provider.update(made, **given(made, pointInTimeRecovery={"enabled": True}))
    assert healed.state["pointInTimeRecovery"]["enabled"] is True


def init_failed(error: Any) -> Any:
    from google.rpc import status_pb2

    trailers = {item.key: item.value for item in error.trailing_metadata()}
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    detail = messages.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    return detail


def test_names_in_use(provider: Harness, client: Client) -> None:
    client("s3").create_bucket(Bucket="theirs")
    text = refused(lambda: provider.create("aws:s3/bucket:Bucket", "b", bucket="theirs"))
    assert text.startswith("theirs already exists and is not this stack's")
    provider.create("aws:iam/role:Role", "r", name="held", assumeRolePolicy=TRUST)
    assert "held already exists" in refused(
        lambda: provider.create("aws:iam/role:Role", "r2", name="held", assumeRolePolicy=TRUST)
    )


def test_bucket_with_objects(provider: Harness, client: Client) -> None:
    kept = provider.create("aws:s3/bucket:Bucket", "kept")
    client("s3").put_object(Bucket=kept.id, Key="a", Body=b"x")
    assert "forceDestroy" in refused(lambda: provider.delete(kept))
    forced = provider.update(kept, **given(kept, forceDestroy=True))
    provider.delete(forced)
    assert provider.refresh(forced) is None


def test_database_protection_and_final_snapshot(provider: Harness, client: Client) -> None:
    made = instance(provider)
    assert made.state["endpoint"] == f"{made.state['address']}:{made.state['port']}"
    guarded = provider.update(made, **given(made, deletionProtection=True, skipFinalSnapshot=False))
    assert "deletion protection" in refused(lambda: provider.delete(guarded))
    loose = provider.update(guarded, **given(guarded, deletionProtection=False))
    assert "finalSnapshotIdentifier" in refused(lambda: provider.delete(loose))
    named = provider.update(loose, **given(loose, finalSnapshotIdentifier="last"))
    provider.delete(named)
    snapshots = client("rds").describe_db_snapshots()["DBSnapshots"]
    assert [item["DBSnapshotIdentifier"] for item in snapshots] == ["last"]


def test_drift_in_tags_ttl_and_weights(provider: Harness, client: Client) -> None:
    made = table(provider, ttl={"enabled": True, "attributeName": "x"}, tags={"a": "b"})
    client("dynamodb").untag_resource(ResourceArn=made.state["arn"], TagKeys=["a"])
    client("dynamodb").update_time_to_live(
        TableName=made.id, TimeToLiveSpecification={"Enabled": False, "AttributeName": "x"}
    )
    found = provider.refresh(made)
    assert found is not None
    drifted = Made(made.urn, made.id, *found)
    assert set(provider.diff_checked(drifted, made.inputs).diffs) == {"tags", "ttl"}
    healed = provider.update(drifted, **given(made))
    assert healed.state["tags"] == {"a": "b"}
    assert healed.state["ttl"] == {"enabled": True, "attributeName": "x"}


def test_drift_in_what_the_program_does_not_name(provider: Harness, client: Client) -> None:
    made = function(provider)
    client("lambda").update_function_configuration(FunctionName=made.id, Environment={"Variables": {"SNEAKED": "in"}})
    found = provider.refresh(made)
    assert found is not None
    drifted = Made(made.urn, made.id, *found)
    assert set(provider.diff_checked(drifted, made.inputs).diffs) == {"environment"}
    provider.update(drifted, **given(made))
    assert not client("lambda").get_function_configuration(FunctionName=made.id).get("Environment", {}).get("Variables")


def test_alias_routing_set_and_cleared(provider: Harness, client: Client) -> None:
    held = function(provider, publish=True)
    held = provider.update(held, **given(held, timeout=9))
    made = provider.create(
        "aws:lambda/alias:Alias",
        "live",
        functionName=held.id,
        functionVersion="1",
        name="live",
        routingConfig={"additionalVersionWeights": {"2": 0.1}},
    )
    assert made.state["routingConfig"] == {"additionalVersionWeights": {"2": 0.1}}
    done = provider.update(made, **given(made, functionVersion="2", routingConfig=None))
    found = client("lambda").get_alias(FunctionName=held.id, Name="live")
    assert found["FunctionVersion"] == "2"
    assert not (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    assert "routingConfig" not in done.state


def test_order_of_a_list_and_json_layout_are_no_change(provider: Harness) -> None:
    policy = {"deadLetterTargetArn": queue(provider, "dlq").state["arn"], "maxReceiveCount": 3}
    made = queue(provider, redrivePolicy=json.dumps(policy))
    assert not provider.diff(made, **given(made, redrivePolicy=json.dumps(policy, indent=2, sort_keys=True))).diffs
    kind = types.find(FUNCTION)
    assert resource.changed_keys(kind, {"layers": ["a", "b"]}, {"layers": ["b", "a"]}) == {"layers"}
    assert not resource.changed_keys(kind, {"compatible": ["a", "b"]}, {"compatible": ["b", "a"]})


def test_names_of_fifo_queues_and_missing_properties(provider: Harness) -> None:
    made = queue(provider, fifoQueue=True)
    assert made.state["name"].endswith(".fifo")
    request = messages.CheckRequest(urn=provider.urn(FUNCTION, "fn"), news=wire.encode({}), randomSeed=b"x" * 32)
    failures = provider.stub.Check(request).failures
    assert [failure.property for failure in failures] == ["role"]


def test_default_tags_and_region(provider: Harness) -> None:
    provider.configure(region="eu-west-1", defaultTags=json.dumps({"tags": {"team": "x"}}))
    made = queue(provider, tags={"a": "b"})
    assert made.state["tagsAll"] == {"a": "b", "team": "x"}
    assert made.state["region"] == "eu-west-1"
    assert ":eu-west-1:" in made.state["arn"]
    elsewhere = queue(provider, "other", region="us-west-2")
    assert ":us-west-2:" in elsewhere.state["arn"]


def test_configuration_is_refused_in_one_line(account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server, port = plugin.start(AwsProvider())
    harness = Harness(port)
    try:
        assert "is not among allowedAccountIds" in refused(
            lambda: harness.configure(allowedAccountIds=json.dumps(["999999999999"]))
        )
        assert "is among forbiddenAccountIds" in refused(
            lambda: harness.configure(forbiddenAccountIds=json.dumps(["123456789012"]))
        )
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com")
        assert "on loopback" in refused(harness.configure)
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        assert "AWS_ENDPOINT_URL is not set" in refused(harness.configure)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        harness.configure()
        start = time.monotonic()
        text = refused(lambda: queue(harness))
        assert text == "the sandbox account at http://127.0.0.1:9 does not answer; start it with make up"
        assert time.monotonic() - start < 5
    finally:
        harness.channel.close()
        server.stop(0)


def test_functions(provider: Harness, client: Client) -> None:
    def invoke(token: str, **args: Any) -> dict[str, Any]:
        request = messages.InvokeRequest(tok=token, args=wire.encode(args))
        return wire.decode(getattr(provider.stub.Invoke(request), "return"))

    assert invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert invoke("aws:index/getRegion:getRegion")["region"] == "us-east-1"
    assert invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
    statement = {
        "actions": ["s3:GetObject", "s3:PutObject"],
        "resources": ["*"],
        "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
    }
    document = json.loads(invoke("aws:iam/getPolicyDocument:getPolicyDocument", statements=[statement])["json"])
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:GetObject"],
            "Resource": "*",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
        }
    ]
    client("ssm").put_parameter(Name="/x", Type="String", Value="v")
    assert invoke("aws:ssm/getParameter:getParameter", name="/x")["value"] == "v"
    client("secretsmanager").create_secret(Name="s", SecretString="hush")
    found = invoke("aws:secretsmanager/getSecretVersion:getSecretVersion", secretId="s")
    assert found["secretString"] == "hush"
    client("s3").create_bucket(Bucket="held")
    assert invoke("aws:s3/getBucket:getBucket", bucket="held")["arn"] == "arn:aws:s3:::held"
    assert "has no function" in refused(lambda: invoke("aws:ec2/getAmi:getAmi"))


def test_the_schema_is_complete(provider: Harness) -> None:
    document = json.loads(provider.stub.GetSchema(messages.GetSchemaRequest()).schema)
    assert document["resources"][TABLE]["inputProperties"]["hashKey"] == {"type": "string"}
    for entry in document["resources"].values():
        for spec in entry["properties"].values():
            reference = spec.get("$ref", "")
            assert not reference.startswith("#/types/") or reference.removeprefix("#/types/") in document["types"]
