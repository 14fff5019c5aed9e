"""REST APIs. What SAM puts into an API's OpenAPI body (paths, methods, integrations) are resources of their own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from cli.resources.account import Account, Inputs, Lookup, Search, text
from cli.resources.found import Match, Owner

API = "AWS::ApiGateway::RestApi"
STAGE = "AWS::ApiGateway::Stage"


def of_name(inputs: Inputs, account: Account) -> list[Any]:
    """The REST APIs of a name, as the account describes them: there may be several."""
    name = text(inputs, "name")
    return [each for each in account.pages("apigateway", "get_rest_apis", "items") if each["name"] == name]


def _api(inputs: Inputs, account: Account) -> list[Match]:
    return [Match(each["id"], (Owner(API, each["id"], each["name"]),)) for each in of_name(inputs, account)]


def _resource(inputs: Inputs, account: Account) -> list[Match]:
    api, wanted = text(inputs, "restApi"), (text(inputs, "parentId"), text(inputs, "pathPart"))
    same = [
        each
        for each in account.pages("apigateway", "get_resources", "items", restApiId=api)
        if (each.get("parentId"), each.get("pathPart")) == wanted
    ]
    return [
        Match(f"{api}/{each['id']}", (Owner("AWS::ApiGateway::Resource", each["id"]), _part_of(api, account)))
        for each in same
    ]


def _of_method(look: Callable[[Any, Inputs], bool], *more: str) -> Lookup:
    """A lookup of something that a method's description has."""

    def find(inputs: Inputs, account: Account) -> list[Match]:
        api, resource = text(inputs, "restApi"), text(inputs, "resourceId")
        place = [api, resource, text(inputs, "httpMethod"), *(text(inputs, name) for name in more)]
        method = account.call(
            "apigateway", "get_method", restApiId=api, resourceId=resource, httpMethod=inputs["httpMethod"]
        )
        return [Match("/".join(place), (_part_of(api, account),))] if look(method, inputs) else []

    return find


def _part_of(api: str, account: Account) -> Owner:
    """The API that something is a part of."""
    return Owner(API, api, account.call("apigateway", "get_rest_api", restApiId=api)["name"])


def _answers(method: Any, inputs: Inputs) -> bool:
    return inputs["statusCode"] in (method.get("methodResponses") or {})


def _answers_integration(method: Any, inputs: Inputs) -> bool:
    return inputs["statusCode"] in ((method.get("methodIntegration") or {}).get("integrationResponses") or {})


def _stage(inputs: Inputs, account: Account) -> list[Match]:
    api, name = text(inputs, "restApi"), text(inputs, "stageName")
    account.call("apigateway", "get_stage", restApiId=api, stageName=name)
    return [Match(f"{api}/{name}", (Owner(STAGE, name, name, api),))]


def _method_settings(inputs: Inputs, account: Account) -> list[Match]:
    api, name, path = text(inputs, "restApi"), text(inputs, "stageName"), text(inputs, "methodPath")
    stage = account.call("apigateway", "get_stage", restApiId=api, stageName=name)
    return [Match(f"{api}/{name}/{path}", (Owner(STAGE, name, name, api),))] if path in stage["methodSettings"] else []


LOOKUPS: dict[str, Lookup] = {
    "aws:apigateway/restApi:RestApi": _api,
    "aws:apigateway/resource:Resource": _resource,
    "aws:apigateway/method:Method": _of_method(lambda _method, _inputs: True),
    "aws:apigateway/integration:Integration": _of_method(lambda method, _inputs: bool(method.get("methodIntegration"))),
    "aws:apigateway/methodResponse:MethodResponse": _of_method(_answers, "statusCode"),
    "aws:apigateway/integrationResponse:IntegrationResponse": _of_method(_answers_integration, "statusCode"),
    "aws:apigateway/stage:Stage": _stage,
    "aws:apigateway/methodSettings:MethodSettings": _method_settings,
}


def _own_api(inputs: Inputs, account: Account) -> list[str]:
    """Names of APIs may repeat: one that is ours bears the stack's tags as well, which come with its creation."""
    ours = dict(inputs.get("tags") or {}).items()
    same = [each for each in of_name(inputs, account) if ours <= (each.get("tags") or {}).items()]
    return [str(each["id"]) for each in sorted(same, key=lambda each: str(each["createdDate"]), reverse=True)]


def _deployment(inputs: Inputs, account: Account) -> list[str]:
    """The newest deployments, down to the first that a stage uses: a stage gets one that is finished.

    A deployment has nothing to compare but its description. What somebody deployed by hand is in use.
    """
    api = text(inputs, "restApi")
    stages = account.call("apigateway", "get_stages", restApiId=api)["item"]
    used = {stage.get("deploymentId") for stage in stages}
    entries = account.pages("apigateway", "get_deployments", "items", restApiId=api)
    # Of those made within one second the ones that no stage uses count as the newer.
    ordered = sorted(entries, key=lambda each: (str(each["createdDate"]), each["id"] not in used), reverse=True)
    return [
        f"{api}/{each['id']}"
        for each in takewhile(lambda each: each["id"] not in used, ordered)
        if (each.get("description") or "") == (inputs.get("description") or "")
    ]


FINDERS: dict[str, Search[str]] = {
    "aws:apigateway/restApi:RestApi": _own_api,
    "aws:apigateway/deployment:Deployment": _deployment,
}

NON_UNIQUE = frozenset(FINDERS)
