"""What is made of a state that a killed update left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts import interrupted

REGION = "us-east-1"
TAGS = {"system": "async-rag", "stack": "prod"}


def resource(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"urn:{name}", "custom": True, "type": "aws:sqs/queue:Queue", "inputs": {"name": name}, **more}


def state(known: list[dict[str, Any]], under_way: list[dict[str, Any]], kind: str = "creating") -> dict[str, Any]:
    operations = [{"type": kind, "resource": each} for each in under_way]
    return {"version": 3, "deployment": {"resources": known, "pending_operations": operations, "secrets_providers": 1}}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def urns(settled: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(each["urn"], each.get("id"), each.get("delete")) for each in settled["deployment"]["resources"]]


def test_only_creations_are_pending() -> None:
    assert interrupted.pending_creations({}) == []
    assert interrupted.pending_creations(state([], [resource("a")], "updating")) == []
    assert interrupted.pending_creations(state([], [resource("a")])) == [resource("a")]


def test_what_exists_is_taken_into_the_state_and_the_rest_is_forgotten() -> None:
    known = [resource("parent", id="p", outputs={"name": "p"})]
    before = state(known, [resource("there", parent="urn:parent"), resource("absent")])
    after = interrupted.settled(before, {"urn:there": "id-of-there"})
    assert urns(after) == [("urn:parent", "p", None), ("urn:there", "id-of-there", None)]
    assert "pending_operations" not in after["deployment"]
    assert after["deployment"]["secrets_providers"] == 1
    assert len(before["deployment"]["resources"]) == 1, "the given state is left as it is"
    assert interrupted.unread(after) == ["urn:there"]


def test_a_replacement_takes_the_place_of_the_one_it_replaces() -> None:
    child = resource("child", id="c", parent="urn:a", outputs={"name": "c"})
    old = resource("a", id="old", outputs={"name": "a"})
    before = state([resource("dependency", id="d", outputs={"name": "d"}), old, child], [resource("a")])
    after = interrupted.settled(before, {"urn:a": "new"})
    assert urns(after) == [
        ("urn:dependency", "d", None),
        ("urn:a", "new", None),
        ("urn:a", "old", True),
        ("urn:child", "c", None),
    ]


def test_a_replacement_of_what_was_deleted_before_it_stands_alone() -> None:
    gone = resource("a", id="old", outputs={"name": "a"}, pendingReplacement=True)
    after = interrupted.settled(state([gone], [resource("a")]), {"urn:a": "new"})
    assert urns(after) == [("urn:a", "new", None)]


def test_a_replacement_stands_behind_what_it_depends_on() -> None:
    known = [resource("a", id="old", outputs={"name": "a"}), resource("b", id="b", outputs={"name": "b"})]
    after = interrupted.settled(state(known, [resource("a", dependencies=["urn:b"])]), {"urn:a": "new"})
    assert urns(after) == [("urn:b", "b", None), ("urn:a", "new", None), ("urn:a", "old", True)]


def test_providers_and_components_are_never_read() -> None:
    known = [
        resource("provider", id="1", type="pulumi:providers:aws"),
        {"urn": "urn:component", "custom": False, "type": "rollback:systems:AsyncRag"},
    ]
    assert interrupted.unread(state(known, [])) == []


def test_stores_are_found_by_their_names(account: None) -> None:
    boto3.client("s3", REGION).create_bucket(Bucket="files")
    boto3.client("sqs", REGION).create_queue(QueueName="work")
    boto3.client("logs", REGION).create_log_group(logGroupName="/aws/lambda/one")
    boto3.client("iam", REGION).create_role(RoleName="one", AssumeRolePolicyDocument="{}")
    boto3.client("dynamodb", REGION).create_table(
        TableName="status",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found = {
        "aws:s3/bucket:Bucket": ({"bucket": "files"}, {"bucket": "none"}),
        "aws:sqs/queue:Queue": ({"name": "work"}, {"name": "none"}),
        "aws:cloudwatch/logGroup:LogGroup": ({"name": "/aws/lambda/one"}, {"name": "/aws/lambda/on"}),
        "aws:iam/role:Role": ({"name": "one"}, {"name": "none"}),
        "aws:dynamodb/table:Table": ({"name": "status"}, {"name": "none"}),
    }
    for kind, (there, absent) in found.items():
        assert interrupted.find(kind, there, REGION), kind
        assert interrupted.find(kind, absent, REGION) is None, kind
    assert interrupted.find("aws:rds/instance:Instance", {"identifier": "none"}, REGION) is None
    assert interrupted.find("aws:lambda/function:Function", {"name": "none"}, REGION) is None
    alias = {"functionName": "none", "name": "live"}
    assert interrupted.find("aws:lambda/alias:Alias", alias, REGION) is None


def test_an_api_of_the_same_name_that_is_not_ours_is_left_alone(account: None) -> None:
    client = boto3.client("apigatewayv2", REGION)
    client.create_api(Name="query", ProtocolType="HTTP", Tags={**TAGS, "stack": "dev"})
    inputs = {"name": "query", "tags": TAGS}
    assert interrupted.find("aws:apigatewayv2/api:Api", inputs, REGION) is None
    ours = client.create_api(Name="query", ProtocolType="HTTP", Tags={**TAGS, "project": "rollback-stack"})["ApiId"]
    assert interrupted.find("aws:apigatewayv2/api:Api", inputs, REGION) == ours


def test_parts_of_an_api_are_found_below_it(account: None) -> None:
    client = boto3.client("apigatewayv2", REGION)
    api = client.create_api(Name="query", ProtocolType="HTTP")["ApiId"]
    route = client.create_route(ApiId=api, RouteKey="GET /health")["RouteId"]
    client.create_stage(ApiId=api, StageName="$default")
    kinds = {
        "route:Route": ({"apiId": api, "routeKey": "GET /health"}, f"{api}/{route}"),
        "stage:Stage": ({"apiId": api, "name": "$default"}, f"{api}/$default"),
    }
    for kind, (inputs, expected) in kinds.items():
        assert interrupted.find(f"aws:apigatewayv2/{kind}", inputs, REGION) == expected
    assert interrupted.find("aws:apigatewayv2/route:Route", {"apiId": api, "routeKey": "GET /x"}, REGION) is None
    assert interrupted.find("aws:apigatewayv2/stage:Stage", {"apiId": api, "name": "x"}, REGION) is None


def test_what_may_be_made_again_is_not_looked_up() -> None:
    assert interrupted.find("aws:cloudwatch/metricAlarm:MetricAlarm", {"name": "errors"}, REGION) is None


def test_a_refusal_is_not_taken_for_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(inputs: Any, region: str) -> str:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(answer, "GetRole")

    monkeypatch.setitem(interrupted.LOOKED_UP, "aws:iam/role:Role", refuse)
    with pytest.raises(ClientError):
        interrupted.find("aws:iam/role:Role", {"name": "one"}, REGION)
