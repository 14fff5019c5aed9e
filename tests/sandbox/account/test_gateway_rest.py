"""REST APIs, as requests to them are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.account.conftest import wait_for
from tests.sandbox.account.gateway import ask, function, invocation, permit


@pytest.fixture(scope="module")
def live(account: Any) -> str:
    return function(account, "rest-function")


class Api:
    """A REST API of a test's own, with the resources it asks for."""

    def __init__(self, account: Any, name: str, alias: str) -> None:
        self.account, self.alias, self.client = account, alias, account.client("apigateway")
        self.id = self.client.create_rest_api(name=name)["id"]
        self.root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.url = f"{account.url}/_aws/execute-api/{self.id}/prod"

    def resource(self, parent: str, part: str, method: str, **integration: Any) -> str:
        made = self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)["id"]
        self.method(made, method, **integration)
        return str(made)

    def method(self, resource: str, method: str, **integration: Any) -> None:
        where = {"restApiId": self.id, "resourceId": resource, "httpMethod": method}
        given = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": invocation(self.alias), **integration}
        self.client.put_method(authorizationType="NONE", **where)
        self.client.put_integration(**where, **given)

    def patch(self, path: str, value: str | None = None) -> None:
        operation = {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}
        self.client.update_stage(restApiId=self.id, stageName="prod", patchOperations=[operation])

    def totals(self, **more: str) -> dict[str, float]:
        where = {"ApiName": self.client.get_rest_api(restApiId=self.id)["name"], "Stage": "prod", **more}
        return {
            name: self.account.total("AWS/ApiGateway", name, where)
            for name in ("Count", "4XXError", "5XXError", "Latency")
        }


@pytest.fixture(scope="module")
def api(account: Any, live: str) -> Api:
    made = Api(account, "rest-api", live)
    made.resource(made.root, "health", "GET")
    made.resource(made.resource(made.root, "jobs", "POST"), "{id}", "GET")
    made.resource(made.root, "{proxy+}", "ANY")
    made.client.create_deployment(restApiId=made.id, stageName="prod")
    permit(account, live, f"{made.id}/*")
    return made


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/health", "/health", None),
        ("/jobs/17", "/jobs/{id}", {"id": "17"}),
        ("/jobs/17/log", "/{proxy+}", {"proxy": "jobs/17/log"}),
        ("/other", "/{proxy+}", {"proxy": "other"}),
    ],
)
def test_a_request_finds_its_resource(api: Api, path: str, key: str, parameters: Any) -> None:
    answer = ask(api.url + path + "?a=1")
    assert answer.status == 200
    assert answer.headers["X-Version"] == "1"
    assert answer.json == {"key": key, "parameters": parameters, "query": {"a": "1"}, "body": None, "method": "GET"}


def test_the_body_is_passed_on(api: Api) -> None:
    assert ask(api.url + "/jobs", "POST", b'{"n": 1}').json["body"] == '{"n": 1}'


def test_the_event_is_that_of_a_proxy_integration(api: Api) -> None:
    stage = api.client.get_stage(restApiId=api.id, stageName="prod")
    event = ask(api.url + "/a/event?x=1&x=2&y=%20", "PUT", b"{}", **{"X-Who": "me"}).json
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/a/event", "PUT")
    assert event["headers"]["X-Who"] == "me"
    assert event["multiValueHeaders"]["X-Who"] == ["me"]
    assert event["queryStringParameters"] == {"x": "2", "y": " "}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [" "]}
    assert event["pathParameters"] == {"proxy": "a/event"}
    assert (event["stageVariables"], event["body"], event["isBase64Encoded"]) == (None, "{}", False)
    context = event["requestContext"]
    assert context["path"] == "/prod/a/event"
    assert (context["resourcePath"], context["stage"], context["apiId"]) == ("/{proxy+}", "prod", api.id)
    assert (context["accountId"], context["deploymentId"]) == (api.account.id, stage["deploymentId"])
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userArn"] is None


def test_the_function_decides_about_status_and_headers(api: Api) -> None:
    answer = ask(api.url + "/teapot")
    assert (answer.status, answer.body, answer.headers.get_all("X-Two")) == (418, "short", ["a", "b"])


@pytest.mark.parametrize("path", ["/raise", "/malformed"])
def test_a_failing_function_is_a_502(api: Api, path: str) -> None:
    answer = ask(api.url + path)
    assert (answer.status, answer.json) == (502, {"message": "Internal server error"})


def test_what_is_not_there(api: Api) -> None:
    assert ask(api.url + "/").json == {"message": "Missing Authentication Token"}
    assert ask(f"{api.account.url}/_aws/execute-api/{api.id}/nowhere/health").status == 403
    assert ask(f"{api.account.url}/_aws/execute-api/nothing/prod/health").status == 403


def test_a_function_that_takes_longer_than_its_integration_may_is_a_504(account: Any, live: str) -> None:
    api = Api(account, "slow-api", live)
    api.resource(api.root, "slow", "GET", timeoutInMillis=50)
    api.resource(api.root, "quick", "GET", timeoutInMillis=25_000)
    api.client.create_deployment(restApiId=api.id, stageName="prod")
    permit(account, live, f"{api.id}/*", "slow-api")
    assert ask(api.url + "/quick").status == 200
    answer = ask(api.url + "/slow")
    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize("path", ["/throttle/rateLimit", "/*/*/throttling/rateLimit"])
def test_a_rate_limit_of_zero_is_the_emergency_stop(api: Api, path: str) -> None:
    before = api.totals()
    api.patch(path, "0")
    answers = [ask(api.url + "/health"), ask(api.url + "/jobs", "POST", b"{}"), ask(api.url + "/anything")]
    assert [answer.status for answer in answers] == [429, 429, 429]
    assert answers[0].json == {"message": "Too Many Requests"}
    after = api.totals()
    assert (after["Count"] - before["Count"], after["4XXError"] - before["4XXError"]) == (3, 3)
    api.patch(path, "100")
    assert ask(api.url + "/health").status == 200
    api.patch("/*/*")
    assert ask(api.url + "/health").status == 200


def test_limits_of_a_method_are_its_own_and_less_than_nothing_is_none(api: Api) -> None:
    api.patch("/*/*/throttling/rateLimit", "-1")
    api.patch("/*/*/throttling/burstLimit", "-1")
    api.patch("/jobs~1{id}/GET/throttling/rateLimit", "0")
    assert (ask(api.url + "/health").status, ask(api.url + "/jobs/1").status) == (200, 429)
    for path in ("/*/*", "/jobs~1{id}/GET"):
        api.patch(path)
    assert ask(api.url + "/jobs/1").status == 200


def test_a_patch_of_something_unknown_is_refused(api: Api) -> None:
    with pytest.raises(api.client.exceptions.BadRequestException, match="Invalid patch path '/throttle/rate'"):
        api.patch("/throttle/rate", "0")
    with pytest.raises(api.client.exceptions.BadRequestException, match="throttling/rateLimits"):
        api.patch("/*/*/throttling/rateLimits", "0")


def test_metrics(api: Api) -> None:
    before = api.totals()
    for path in ("/health", "/raise", "/teapot"):
        ask(api.url + path)
    after = api.totals()
    assert {name: after[name] - before[name] for name in ("Count", "4XXError", "5XXError")} == {
        "Count": 3,
        "4XXError": 1,
        "5XXError": 1,
    }
    assert api.account.total("AWS/ApiGateway", "Count", {"ApiName": "rest-api"}) == after["Count"]
    assert after["Latency"] > before["Latency"]


def test_detailed_metrics_are_by_method(api: Api) -> None:
    ask(api.url + "/health")
    assert api.totals(Method="GET", Resource="/health")["Count"] == 0
    api.patch("/*/*/metrics/enabled", "true")
    ask(api.url + "/health")
    api.patch("/*/*")
    assert api.totals(Method="GET", Resource="/health")["Count"] == 1


def test_an_alarm_watches_the_errors_of_an_api(api: Api) -> None:
    watch = api.account.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="rest-api-5xx",
        Namespace="AWS/ApiGateway",
        MetricName="5XXError",
        Dimensions=[{"Name": "ApiName", "Value": "rest-api"}, {"Name": "Stage", "Value": "prod"}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return str(watch.describe_alarms(AlarmNames=["rest-api-5xx"])["MetricAlarms"][0]["StateValue"])

    wait_for(lambda: state() == "OK", what="an alarm that is quiet")

    def loud() -> bool:
        for _ in range(6):
            ask(api.url + "/raise")
        return state() == "ALARM"

    wait_for(loud, what="the alarm")


def test_a_missing_permission_is_a_500_and_one_for_the_function_is_not_one_for_its_alias(account: Any) -> None:
    alias = function(account, "rest-guarded")
    api = Api(account, "guarded-api", alias)
    api.resource(api.root, "health", "GET")
    api.resource(api.resource(api.root, "jobs", "POST"), "{id}", "GET")
    api.client.create_deployment(restApiId=api.id, stageName="prod")

    def statuses() -> list[int]:
        asked = (("/health", "GET"), ("/jobs", "POST"), ("/jobs/7", "GET"))
        return [ask(api.url + path, method, b"{}" if method == "POST" else None).status for path, method in asked]

    assert ask(api.url + "/health").json == {"message": "Internal server error"}
    account.client("lambda").add_permission(
        FunctionName="rest-guarded", StatementId="any", Action="lambda:InvokeFunction", Principal="*"
    )
    assert statuses() == [500, 500, 500]
    permit(account, alias, f"{api.id}/prod/GET/jobs/*", "one")
    assert statuses() == [500, 500, 200]
    permit(account, alias, "other/*", "other")
    permit(account, alias, f"{api.id}/*/POST/jobs", "two")
    assert statuses() == [500, 200, 200]
    permit(account, alias, f"{api.id}/prod/*", "three")
    assert statuses() == [200, 200, 200]
    assert json.loads(account.client("lambda").get_policy(FunctionName="rest-guarded", Qualifier="live")["Policy"])
