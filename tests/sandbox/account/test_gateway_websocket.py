from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from sandbox.account.gateway.websocket import choose
from tests.sandbox.account.conftest import wait_for

SOURCE = """
import json
import boto3

def handler(event, context):
    about = event["requestContext"]
    table = boto3.resource("dynamodb").Table("connections")
    if about["eventType"] == "CONNECT":
        if (event.get("queryStringParameters") or {}).get("token") == "wrong":
            return {"statusCode": 401}
        table.put_item(Item={"id": about["connectionId"]})
        return {"statusCode": 200}
    if about["eventType"] == "DISCONNECT":
        table.delete_item(Key={"id": about["connectionId"]})
        return {"statusCode": 200}
    message = json.loads(event["body"])
    if message.get("fail"):
        raise ValueError("boom")
    if message.get("push"):
        api = boto3.client("apigatewaymanagementapi")
        api.post_to_connection(ConnectionId=about["connectionId"], Data=json.dumps({"pushed": True}).encode())
    return {"statusCode": 200, "body": json.dumps({"route": about["routeKey"], "id": about["connectionId"]})}
"""


@pytest.fixture(scope="module")
def url(account: Any) -> str:
    account.client("dynamodb").create_table(
        TableName="connections",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = account.function("sockets", SOURCE)
    client = account.client("apigatewayv2")
    api = client.create_api(Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    target = client.create_integration(ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=uri)
    for key in ("$connect", "$disconnect", "$default", "subscribe"):
        replies = {"RouteResponseSelectionExpression": "$default"} if key == "subscribe" else {}
        client.create_route(
            ApiId=api["ApiId"], RouteKey=key, Target=f"integrations/{target['IntegrationId']}", **replies
        )
    deployment = client.create_deployment(ApiId=api["ApiId"])["DeploymentId"]
    client.create_stage(ApiId=api["ApiId"], StageName="dev", DeploymentId=deployment)
    assert client.get_stage(ApiId=api["ApiId"], StageName="dev")["DeploymentId"] == deployment
    return str(api["ApiEndpoint"]) + "/dev"


def known(account: Any) -> list[str]:
    return [item["id"]["S"] for item in account.client("dynamodb").scan(TableName="connections")["Items"]]


def test_connect_message_reply_and_disconnect(account: Any, url: str) -> None:
    with connect(url) as socket:
        socket.send(json.dumps({"action": "subscribe"}))
        reply = json.loads(socket.recv(20))
        assert reply["route"] == "subscribe"
        assert reply["id"] in known(account)
    wait_for(lambda: reply["id"] not in known(account), what="$disconnect")


def test_a_function_pushes_to_the_live_connection(account: Any, url: str) -> None:
    with connect(url) as socket:
        socket.send(json.dumps({"action": "no such route", "push": True}))
        assert json.loads(socket.recv(20)) == {"pushed": True}


@pytest.mark.parametrize("at", ["the account's endpoint", "the API's own address"])
def test_the_management_api_sends_describes_and_closes(account: Any, url: str, at: str) -> None:
    client = account.client("apigatewaymanagementapi")
    if at == "the API's own address":  # as on AWS: https://<api>.execute-api.<region>.amazonaws.com/<stage>
        make: Any = boto3.client
        client = make(
            "apigatewaymanagementapi",
            region_name=account.region,
            endpoint_url=url.replace("ws://", "http://"),
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
    with connect(url) as socket:
        socket.send(json.dumps({"action": "subscribe"}))
        one = json.loads(socket.recv(20))["id"]
        client.post_to_connection(ConnectionId=one, Data=b"hello")
        assert socket.recv(20) == "hello"
        assert client.get_connection(ConnectionId=one)["Identity"]["SourceIp"] == "127.0.0.1"
        client.delete_connection(ConnectionId=one)
        with pytest.raises(ConnectionClosed):
            socket.recv(20)
    wait_for(lambda: one not in known(account))
    with pytest.raises(client.exceptions.GoneException) as caught:
        client.post_to_connection(ConnectionId=one, Data=b"too late")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_a_refusing_connect_refuses_the_handshake(url: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(url + "?token=wrong")
    assert caught.value.response.status_code == 401


def test_an_unknown_stage_is_forbidden(url: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(url + "x")
    assert caught.value.response.status_code == 403


def test_a_failing_function_tells_the_client(url: str) -> None:
    with connect(url) as socket:
        socket.send(json.dumps({"action": "subscribe", "fail": True}))
        assert json.loads(socket.recv(20))["message"] == "Internal server error"


@pytest.mark.parametrize(
    ("expression", "message", "expected"),
    [
        ("$request.body.action", '{"action": "go"}', "go"),
        ("${request.body.detail.type}", '{"detail": {"type": "go"}}', "go"),
        ("$request.body.action", '{"other": 1}', None),
        ("$request.body.action", "no json", None),
        ("$request.body.action", "[]", None),
    ],
)
def test_route_selection(expression: str, message: str, expected: str | None) -> None:
    assert choose(expression, message) == expected
