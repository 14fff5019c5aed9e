"""HTTP and WebSocket APIs with their routes, integrations and stages."""

from __future__ import annotations

from cli.resources.account import Account, Inputs, Search, text

SERVICE = "apigatewayv2"


def _api(inputs: Inputs, account: Account) -> list[str]:
    """Names of APIs may repeat: one that is ours bears the stack's tags as well, which come with its creation."""
    name, ours = text(inputs, "name"), dict(inputs.get("tags") or {}).items()
    same = [
        each
        for each in account.pages(SERVICE, "get_apis", "Items")
        if each["Name"] == name and ours <= (each.get("Tags") or {}).items()
    ]
    return [str(each["ApiId"]) for each in sorted(same, key=lambda each: str(each.get("CreatedDate")), reverse=True)]


def _integration(inputs: Inputs, account: Account) -> list[str]:
    api, wanted = text(inputs, "apiId"), (text(inputs, "integrationType"), text(inputs, "integrationUri"))
    entries = account.pages(SERVICE, "get_integrations", "Items", ApiId=api)
    same = [each for each in entries if (each.get("IntegrationType"), each.get("IntegrationUri")) == wanted]
    return [f"{api}/{each['IntegrationId']}" for each in same]


def _route(inputs: Inputs, account: Account) -> list[str]:
    api, key = text(inputs, "apiId"), text(inputs, "routeKey")
    entries = account.pages(SERVICE, "get_routes", "Items", ApiId=api)
    return [f"{api}/{each['RouteId']}" for each in entries if each["RouteKey"] == key]


def _stage(inputs: Inputs, account: Account) -> list[str]:
    api, name = text(inputs, "apiId"), text(inputs, "name")
    account.call(SERVICE, "get_stage", ApiId=api, StageName=name)
    return [f"{api}/{name}"]


FINDERS: dict[str, Search[str]] = {
    "aws:apigatewayv2/api:Api": _api,
    "aws:apigatewayv2/integration:Integration": _integration,
    "aws:apigatewayv2/route:Route": _route,
    "aws:apigatewayv2/stage:Stage": _stage,
}

NON_UNIQUE = frozenset({"aws:apigatewayv2/api:Api", "aws:apigatewayv2/integration:Integration"})
