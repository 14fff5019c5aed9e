"""APIs of both versions of API Gateway, for `programs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sandbox.providers.aws.harness import Harness, Made


def rest_api(h: Harness) -> Made:
    return h.create("aws:apigateway/restApi:RestApi", "api", description="an API", tags={"a": "b"})


def rest_resource(h: Harness) -> Made:
    api = rest_api(h)
    return h.create(
        "aws:apigateway/resource:Resource",
        "res",
        restApi=api.id,
        parentId=api.state["rootResourceId"],
        pathPart="items",
    )


def rest_method(h: Harness) -> Made:
    res = rest_resource(h)
    return h.create(
        "aws:apigateway/method:Method",
        "method",
        restApi=res.state["restApi"],
        resourceId=res.id,
        httpMethod="GET",
        authorization="NONE",
    )


def below_method(token: str, **inputs: Any) -> Callable[[Harness], Made]:
    def make(h: Harness) -> Made:
        method = rest_method(h)
        where = {name: method.state[name] for name in ("restApi", "resourceId", "httpMethod")}
        if "integrationResponse" in token:
            rest_integration(h, where)
            h.create("aws:apigateway/methodResponse:MethodResponse", "answer", **where, statusCode="200")
        return h.create(token, "below", **where, **inputs)

    return make


def rest_integration(h: Harness, where: dict[str, Any]) -> Made:
    return h.create(
        "aws:apigateway/integration:Integration",
        "integration",
        **where,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/x/invocations",
    )


def rest_deployment(h: Harness) -> Made:
    method = rest_method(h)
    where = {name: method.state[name] for name in ("restApi", "resourceId", "httpMethod")}
    rest_integration(h, where)
    return h.create("aws:apigateway/deployment:Deployment", "dep", restApi=where["restApi"], triggers={"v": "1"})


def rest_stage(h: Harness) -> Made:
    deployment = rest_deployment(h)
    return h.create(
        "aws:apigateway/stage:Stage",
        "stage",
        restApi=deployment.state["restApi"],
        deployment=deployment.id,
        stageName="prod",
        variables={"alias": "live"},
        tags={"a": "b"},
    )


def rest_settings(h: Harness) -> Made:
    stage = rest_stage(h)
    return h.create(
        "aws:apigateway/methodSettings:MethodSettings",
        "settings",
        restApi=stage.state["restApi"],
        stageName="prod",
        methodPath="*/*",
        settings={"throttlingBurstLimit": 5, "throttlingRateLimit": 10, "metricsEnabled": True},
    )


def http_api(h: Harness) -> Made:
    return h.create("aws:apigatewayv2/api:Api", "api2", protocolType="HTTP", tags={"a": "b"})


def http_integration(h: Harness) -> Made:
    return h.create(
        "aws:apigatewayv2/integration:Integration",
        "int2",
        apiId=http_api(h).id,
        integrationType="AWS_PROXY",
        integrationUri="arn:aws:lambda:us-east-1:123456789012:function:x",
        payloadFormatVersion="2.0",
    )


def http_route(h: Harness) -> Made:
    integration = http_integration(h)
    target = f"integrations/{integration.id}"
    return h.create(
        "aws:apigatewayv2/route:Route", "route2", apiId=integration.state["apiId"], routeKey="GET /x", target=target
    )


def http_stage(h: Harness) -> Made:
    return h.create(
        "aws:apigatewayv2/stage:Stage",
        "stage2",
        apiId=http_api(h).id,
        name="prod",
        autoDeploy=True,
        stageVariables={"a": "b"},
        tags={"a": "b"},
    )
