from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.account.gateway import throttle
from sandbox.account.gateway.apis import fit

SOURCE = """
import json

def handler(event, context):
    path = event.get("path") or event.get("rawPath")
    if path.endswith("/raise"):
        raise ValueError("boom")
    if path.endswith("/malformed"):
        return {"statusCode": "many"}
    if path.endswith("/teapot"):
        return {"statusCode": 418, "body": "short", "multiValueHeaders": {"X-Two": ["a", "b"]}}
    return {"statusCode": 200, "headers": {"X-Version": context.function_version}, "body": json.dumps({
        "key": event.get("resource") or event.get("routeKey"), "parameters": event.get("pathParameters"),
        "query": event.get("queryStringParameters"), "body": event.get("body"),
        "method": event.get("httpMethod") or event["requestContext"]["http"]["method"],
    })}
"""


@dataclass
class Answer:
    status: int
    headers: Any
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(url: str, method: str = "GET", data: bytes | None = None) -> Answer:
    request = urllib.request.Request(url, data=data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as got:
            return Answer(got.status, got.headers, got.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


@pytest.fixture(scope="module")
def live(account: Any) -> str:
    arn = account.function("gateway-api", SOURCE, Publish=True)
    account.client("lambda").create_alias(FunctionName="gateway-api", Name="live", FunctionVersion="1")
    return f"{arn.removesuffix(':1')}:live"


@pytest.fixture(scope="module")
def rest(account: Any, live: str) -> tuple[str, str]:
    client = account.client("apigateway")
    api = client.create_rest_api(name="rest-api")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{live}/invocations"

    def resource(parent: str, part: str, method: str) -> str:
        made = client.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
        where = {"restApiId": api, "resourceId": made, "httpMethod": method}
        client.put_method(authorizationType="NONE", **where)
        client.put_integration(type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **where)
        return str(made)

    resource(root, "health", "GET")
    resource(resource(root, "jobs", "POST"), "{id}", "GET")
    resource(root, "{proxy+}", "ANY")
    client.create_deployment(restApiId=api, stageName="prod")
    return api, f"{account.url}/_aws/execute-api/{api}/prod"


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/health", "/health", None),
        ("/jobs/17", "/jobs/{id}", {"id": "17"}),
        ("/jobs/17/log", "/{proxy+}", {"proxy": "jobs/17/log"}),
        ("/other", "/{proxy+}", {"proxy": "other"}),
    ],
)
def test_a_rest_api_matches_resources(rest: tuple[str, str], path: str, key: str, parameters: Any) -> None:
    answer = ask(rest[1] + path + "?a=1")
    assert answer.status == 200
    assert answer.headers["X-Version"] == "1"
    assert answer.json == {"key": key, "parameters": parameters, "query": {"a": "1"}, "body": None, "method": "GET"}


def test_a_rest_api_passes_the_body(rest: tuple[str, str]) -> None:
    assert ask(rest[1] + "/jobs", "POST", b'{"n": 1}').json["body"] == '{"n": 1}'


def test_the_function_decides_about_status_and_headers(rest: tuple[str, str]) -> None:
    answer = ask(rest[1] + "/teapot")
    assert (answer.status, answer.body, answer.headers.get_all("X-Two")) == (418, "short", ["a", "b"])


@pytest.mark.parametrize("path", ["/raise", "/malformed"])
def test_a_failing_function_is_a_502(rest: tuple[str, str], path: str) -> None:
    answer = ask(rest[1] + path)
    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


def test_what_is_not_there(account: Any, rest: tuple[str, str]) -> None:
    assert ask(rest[1] + "/").json == {"message": "Missing Authentication Token"}
    assert ask(f"{account.url}/_aws/execute-api/{rest[0]}/nowhere/health").status == 403
    assert ask(f"{account.url}/_aws/execute-api/nothing/prod/health").status == 403


@pytest.mark.parametrize("path", ["/throttle/rateLimit", "/*/*/throttling/rateLimit"])
def test_a_rate_limit_of_zero_is_the_emergency_stop(account: Any, rest: tuple[str, str], path: str) -> None:
    client = account.client("apigateway")
    where = {"restApiId": rest[0], "stageName": "prod"}
    client.update_stage(patchOperations=[{"op": "replace", "path": path, "value": "0"}], **where)
    answer = ask(rest[1] + "/health")
    assert (answer.status, answer.json) == (429, {"message": "Too Many Requests"})
    client.update_stage(patchOperations=[{"op": "remove", "path": "/*/*"}], **where)
    assert ask(rest[1] + "/health").status == 200


def test_metrics_of_a_rest_api(account: Any, rest: tuple[str, str]) -> None:
    stage = {"ApiName": "rest-api", "Stage": "prod"}
    before = {name: account.total("AWS/ApiGateway", name, stage) for name in ("Count", "4XXError", "5XXError")}
    for path in ("/health", "/raise", "/teapot"):
        ask(rest[1] + path)
    after = {name: account.total("AWS/ApiGateway", name, stage) for name in before}
    assert {name: after[name] - before[name] for name in before} == {"Count": 3, "4XXError": 1, "5XXError": 1}
    assert account.total("AWS/ApiGateway", "Count", {"ApiName": "rest-api"}) == after["Count"]
    assert account.total("AWS/ApiGateway", "Latency", stage) > 0


def test_an_http_api(account: Any, live: str) -> None:
    client = account.client("apigatewayv2")
    api = client.create_api(Name="http-api", ProtocolType="HTTP")
    integration = client.create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=live, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for key in ("GET /health", "GET /jobs/{id}"):
        client.create_route(ApiId=api["ApiId"], RouteKey=key, Target=f"integrations/{integration}")
    client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    url = api["ApiEndpoint"]
    assert url.startswith(account.url)
    assert ask(url + "/jobs/5").json["parameters"] == {"id": "5"}
    assert ask(url + "/health").json["key"] == "GET /health"
    assert ask(url + "/nothing").status == 404
    limits = {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 0}
    client.update_stage(ApiId=api["ApiId"], StageName="$default", DefaultRouteSettings=limits)
    assert ask(url + "/health").status == 429
    assert account.total("AWS/ApiGateway", "4xx", {"ApiId": api["ApiId"]}) == 2


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/", {}),
        ("/a/{id}", "/a/1", {"id": "1"}),
        ("/a/{id}", "/a/", None),
        ("/a/{id}", "/a/1/2", None),
        ("/{proxy+}", "/a/b", {"proxy": "a/b"}),
        ("/{proxy+}", "/", None),
    ],
)
def test_patterns(pattern: str, path: str, expected: dict[str, str] | None) -> None:
    found = fit(pattern, path)
    assert (found[0] if found else None) == expected


def test_a_burst_is_let_through_and_then_the_rate_holds() -> None:
    assert [throttle.allows("bucket", 0.001, 2) for _ in range(3)] == [True, True, False]
    assert throttle.allows("another", None, None)
