"""Amazon API Gateway v2: HTTP and WebSocket APIs."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.model import Part, Props, Scope, Type

_API = {"apiId": "ApiId"}


def _tag_part(path: str) -> Part:
    def write(scope: Scope, props: Props, old: Props) -> None:
        arn = f"arn:aws:apigateway:{scope.region}::{path.format(**props)}"
        before, after = old.get("tags") or {}, props.get("tags") or {}
        gone = sorted(set(before) - set(after))
        if gone:
            scope.call("untag_resource", ResourceArn=arn, TagKeys=gone)
        if after:
            scope.call("tag_resource", ResourceArn=arn, Tags=after)

    return Part(("tags",), write, at_create=False)


def _clean(*names: str) -> Any:
    return lambda _scope, found, _props: {name: found.get(name[:1].upper() + name[1:]) or None for name in names}


def _tune_api(scope: Scope, found: Props, _props: Props) -> Props:
    cors = found.get("CorsConfiguration")
    return {
        "arn": f"arn:aws:apigateway:{scope.region}::/apis/{found['ApiId']}",
        "executionArn": scope.arn(found["ApiId"], "execute-api"),
        "apiEndpoint": found.get("ApiEndpoint"),
        "description": found.get("Description") or None,
        "version": found.get("Version") or None,
        "corsConfiguration": {name[:1].lower() + name[1:]: value for name, value in cors.items() if value}
        if cors
        else None,
    }


API = Type(
    "aws:apigatewayv2/api:Api",
    "apigatewayv2",
    create="create_api",
    read="get_api",
    update=("update_api",),
    delete="delete_api",
    key=("apiId",),
    identify=lambda _scope, _props, answer: str(answer["ApiId"]),
    autoname="name",
    replace=("protocolType",),
    rename=_API,
    defaults={
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "routeSelectionExpression": "$request.method $request.path",
    },
    unread=("apiKeySelectionExpression", "routeSelectionExpression", "ipAddressType", "target", "routeKey"),
    resets={"description": "", "version": ""},
    tune=_tune_api,
    parts=(_tag_part("/apis/{id}"),),
    computed=("ipAddressType",),
)

ROUTE = Type(
    "aws:apigatewayv2/route:Route",
    "apigatewayv2",
    create="create_route",
    read="get_route",
    update=("update_route",),
    delete="delete_route",
    key=("routeId",),
    parents=("apiId",),
    identify=lambda _scope, _props, answer: str(answer["RouteId"]),
    replace=("apiId",),
    defaults={"apiKeyRequired": False, "authorizationType": "NONE"},
    tune=_clean("authorizationScopes", "requestModels", "target", "operationName", "routeResponseSelectionExpression"),
    unread=("requestParameters",),
)

INTEGRATION = Type(
    "aws:apigatewayv2/integration:Integration",
    "apigatewayv2",
    create="create_integration",
    read="get_integration",
    update=("update_integration",),
    delete="delete_integration",
    key=("integrationId",),
    parents=("apiId",),
    identify=lambda _scope, _props, answer: str(answer["IntegrationId"]),
    replace=("apiId", "integrationType", "integrationSubtype"),
    rename={"timeoutMilliseconds": "TimeoutInMillis"},
    defaults={
        "connectionType": "INTERNET",
        "passthroughBehavior": "WHEN_NO_MATCH",
        "payloadFormatVersion": "1.0",
    },
    tune=_clean("requestParameters", "requestTemplates", "description", "integrationResponseSelectionExpression"),
    unread=("responseParameters",),
)

DEPLOYMENT = Type(
    "aws:apigatewayv2/deployment:Deployment",
    "apigatewayv2",
    create="create_deployment",
    read="get_deployment",
    update=("update_deployment",),
    delete="delete_deployment",
    key=("deploymentId",),
    parents=("apiId",),
    identify=lambda _scope, _props, answer: str(answer["DeploymentId"]),
    replace=("apiId", "triggers"),
    tune=_clean("description"),
)


def _tune_stage(scope: Scope, found: Props, props: Props) -> Props:
    api, stage = props["apiId"], found["StageName"]
    default = found.get("DefaultRouteSettings") or {}
    log = found.get("AccessLogSettings") or {}
    tail = "/" if stage == "$default" else f"/{stage}"
    endpoint = scope.call("get_api", ApiId=api).get("ApiEndpoint") or ""
    return {
        "name": stage,
        "stageVariables": found.get("StageVariables") or None,
        "description": found.get("Description") or None,
        "deploymentId": found.get("DeploymentId") if not found.get("AutoDeploy") else None,
        "accessLogSettings": {"destinationArn": log["DestinationArn"], "format": log["Format"]}
        if log.get("DestinationArn")
        else None,
        "defaultRouteSettings": _settings(default),
        "routeSettings": [
            {"routeKey": key, **_settings(value)} for key, value in sorted((found.get("RouteSettings") or {}).items())
        ],
        "arn": f"arn:aws:apigateway:{scope.region}::/apis/{api}/stages/{stage}",
        "executionArn": scope.arn(f"{api}/{stage}", "execute-api"),
        "invokeUrl": f"{endpoint}{tail}",
    }


def _settings(found: Props) -> Props:
    return {name[:1].lower() + name[1:]: value for name, value in found.items() if value not in (None, False, "OFF")}


def _prepare_stage(_scope: Scope, _operation: str, props: Props) -> Props:
    if props.get("routeSettings"):
        settings = {
            item["routeKey"]: {k: v for k, v in item.items() if k != "routeKey"} for item in props["routeSettings"]
        }
        names = {key: {name[:1].upper() + name[1:]: v for name, v in value.items()} for key, value in settings.items()}
        return {**props, "routeSettings": names}
    return props


STAGE = Type(
    "aws:apigatewayv2/stage:Stage",
    "apigatewayv2",
    create="create_stage",
    read="get_stage",
    update=("update_stage",),
    delete="delete_stage",
    key=("name",),
    parents=("apiId",),
    autoname="name",
    replace=("apiId", "name"),
    rename={"name": "StageName"},
    defaults={"autoDeploy": False},
    resets={"description": "", "stageVariables": {}},
    prepare=_prepare_stage,
    tune=_tune_stage,
    parts=(_tag_part("/apis/{apiId}/stages/{name}"),),
)

TYPES = (API, ROUTE, INTEGRATION, DEPLOYMENT, STAGE)
