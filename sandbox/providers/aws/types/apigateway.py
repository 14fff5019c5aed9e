"""Amazon API Gateway, REST APIs. Changes go as JSON-patch operations (API Gateway API reference, patch operations)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws import shapes
from sandbox.providers.aws.api import NotFoundError
from sandbox.providers.aws.model import Part, Props, Scope, Type

API_NAMES = {"restApi": "restApiId"}
_METHOD = {**API_NAMES, "authorization": "authorizationType"}


def replace(path: str, value: Any) -> dict[str, str]:
    """One replacing operation."""
    return {"op": "replace", "path": path, "value": shapes.text_of(value)}


def escaped(text: str) -> str:
    """A key as one step of a patch's path (JSON pointer)."""
    return text.replace("~", "~0").replace("/", "~1")


def map_patch(path: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """The operations that turn one map into another."""
    old, new = old or {}, new or {}
    gone = [{"op": "remove", "path": f"{path}/{escaped(key)}"} for key in sorted(set(old) - set(new))]
    return gone + [
        replace(f"{path}/{escaped(key)}", value) for key, value in sorted(new.items()) if old.get(key) != value
    ]


def replacements(props: Props, changed: set[str], paths: Mapping[str, str]) -> list[dict[str, str]]:
    """Replacing operations for the changed properties, by their paths."""
    return [replace(paths[name], props.get(name, "")) for name in sorted(changed & set(paths))]


def live_map(value: Any) -> Any:
    """A map as it was read; a blank one is none."""
    return value or None


# --- APIs and resources -----------------------------------------------------------------------------------------------


def _change_api(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    paths = {
        "name": "/name",
        "description": "/description",
        "policy": "/policy",
        "apiKeySource": "/apiKeySource",
        "disableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
        "minimumCompressionSize": "/minimumCompressionSize",
    }
    patch = replacements(props, changed, paths)
    if "binaryMediaTypes" in changed:
        before, after = set(old.get("binaryMediaTypes") or []), set(props.get("binaryMediaTypes") or [])
        patch += [{"op": "remove", "path": f"/binaryMediaTypes/{escaped(name)}"} for name in sorted(before - after)]
        patch += [{"op": "add", "path": f"/binaryMediaTypes/{escaped(name)}"} for name in sorted(after - before)]
    if patch:
        scope.call("update_rest_api", restApiId=props["id"], patchOperations=patch)


def _tune_api(scope: Scope, found: Props, _props: Props) -> Props:
    resources: list[Props] = []
    position: Props = {}
    while True:
        page = scope.call("get_resources", restApiId=found["id"], limit=500, **position)
        resources += page.get("items") or []
        if not page.get("position"):
            break
        position = {"position": page["position"]}
    endpoint = found.get("endpointConfiguration") or {}
    return {
        "endpointConfiguration": {**endpoint, "types": endpoint["types"][0]} if endpoint.get("types") else None,
        "rootResourceId": next((item["id"] for item in resources if item.get("path") == "/"), None),
        "arn": f"arn:aws:apigateway:{scope.region}::/restapis/{found['id']}",
        "executionArn": scope.arn(found["id"], "execute-api"),
        "binaryMediaTypes": sorted(found.get("binaryMediaTypes") or []),
        "policy": found.get("policy") or None,
        "description": found.get("description") or None,
    }


def write_tags(path: str) -> Any:
    """The writer of a part that keeps the tags of what has this path in its ARN."""

    def write(scope: Scope, props: Props, old: Props) -> None:
        arn = f"arn:aws:apigateway:{scope.region}::{path.format(**props)}"
        before, after = old.get("tags") or {}, props.get("tags") or {}
        gone = sorted(set(before) - set(after))
        if gone:
            scope.call("untag_resource", resourceArn=arn, tagKeys=gone)
        if after:
            scope.call("tag_resource", resourceArn=arn, tags=after)

    return write


def _write_body(scope: Scope, props: Props, _old: Props) -> None:
    """Import the OpenAPI document; in the mode `overwrite` its title and description replace the API's own."""
    if not props.get("body"):
        return
    found = scope.call(
        "put_rest_api",
        restApiId=props["id"],
        mode=props.get("putRestApiMode") or "overwrite",
        failOnWarnings=bool(props.get("failOnWarnings")),
        parameters=props.get("parameters") or {},
        body=props["body"].encode(),
    )
    wanted = {name: props[name] for name in ("name", "description") if name in props}
    patch = [replace(f"/{name}", value) for name, value in wanted.items() if (found.get(name) or "") != value]
    if patch:
        scope.call("update_rest_api", restApiId=props["id"], patchOperations=patch)


def _prepare_api(_scope: Scope, _operation: str, props: Props) -> Props:
    return {name: value for name, value in props.items() if name not in ("body", "parameters")}


REST_API = Type(
    "aws:apigateway/restApi:RestApi",
    "apigateway",
    create="create_rest_api",
    read="get_rest_api",
    delete="delete_rest_api",
    key=("restApiId",),
    identify=lambda _scope, _props, answer: str(answer["id"]),
    autoname="name",
    defaults={"putRestApiMode": "overwrite"},
    unread=("endpointAccessMode", "securityPolicy"),
    prepare=_prepare_api,
    change=_change_api,
    tune=_tune_api,
    parts=(
        Part(("body", "parameters", "putRestApiMode", "failOnWarnings"), _write_body),
        Part(("tags",), write_tags("/restapis/{id}"), at_create=False),
    ),
    computed=(
        "apiKeySource",
        "binaryMediaTypes",
        "description",
        "disableExecuteApiEndpoint",
        "endpointConfiguration",
        "minimumCompressionSize",
        "policy",
    ),
)


RESOURCE = Type(
    "aws:apigateway/resource:Resource",
    "apigateway",
    create="create_resource",
    read="get_resource",
    delete="delete_resource",
    key=("resourceId",),
    parents=("restApi",),
    identify=lambda _scope, _props, answer: str(answer["id"]),
    replace=("restApi", "parentId", "pathPart"),
    rename=API_NAMES,
)


# --- methods ----------------------------------------------------------------------------------------------------------


def _change_method(scope: Scope, props: Props, old: Props, changed: set[str]) -> None:
    paths = {
        "authorization": "/authorizationType",
        "authorizerId": "/authorizerId",
        "apiKeyRequired": "/apiKeyRequired",
        "requestValidatorId": "/requestValidatorId",
        "operationName": "/operationName",
    }
    patch = replacements(props, changed, paths)
    for name in ("requestParameters", "requestModels"):
        if name in changed:
            patch += map_patch(f"/{name}", old.get(name), props.get(name))
    scope.call(
        "update_method",
        restApiId=props["restApi"],
        resourceId=props["resourceId"],
        httpMethod=props["httpMethod"],
        patchOperations=patch,
    )


def _clean(names: Iterable[str]) -> Any:
    """Blank maps and texts of an answer mean that nothing is set."""
    return lambda _scope, found, _props: {name: live_map(found.get(name)) for name in names}


METHOD = Type(
    "aws:apigateway/method:Method",
    "apigateway",
    create="put_method",
    read="get_method",
    delete="delete_method",
    key=("restApi", "resourceId", "httpMethod"),
    replace=("restApi", "resourceId", "httpMethod"),
    rename=_METHOD,
    defaults={"apiKeyRequired": False},
    change=_change_method,
    tune=_clean(("requestModels", "requestParameters", "authorizationScopes", "operationName")),
)

_INTEGRATION = {**API_NAMES, "integrationHttpMethod": "integrationHttpMethod", "timeoutMilliseconds": "timeoutInMillis"}


def _prepare_integration(_scope: Scope, operation: str, props: Props) -> Props:
    return props if operation == "put_integration" else {k: v for k, v in props.items() if k in INTEGRATION.key}


def _tune_integration(_scope: Scope, found: Props, props: Props) -> Props:
    return {
        # the answer's httpMethod is the one of the backend; the method's own is part of the id
        "integrationHttpMethod": found.get("httpMethod") if found.get("type") != "MOCK" else None,
        "timeoutMilliseconds": found.get("timeoutInMillis") or 29000,
        "connectionType": found.get("connectionType") or "INTERNET",
        "requestParameters": live_map(found.get("requestParameters")),
        "requestTemplates": live_map(found.get("requestTemplates")),
        "cacheKeyParameters": found.get("cacheKeyParameters") or [],
        "passthroughBehavior": found.get("passthroughBehavior") or props.get("passthroughBehavior"),
    }


INTEGRATION = Type(
    "aws:apigateway/integration:Integration",
    "apigateway",
    create="put_integration",
    read="get_integration",
    update=("put_integration",),
    delete="delete_integration",
    key=("restApi", "resourceId", "httpMethod"),
    replace=(
        "restApi",
        "resourceId",
        "httpMethod",
        "type",
        "integrationHttpMethod",
        "credentials",
        "passthroughBehavior",
    ),
    rename=_INTEGRATION,
    defaults={"connectionType": "INTERNET", "timeoutMilliseconds": 29000},
    whole=True,
    prepare=_prepare_integration,
    tune=_tune_integration,
    unread=("cacheNamespace", "httpMethod"),
    computed=(
        "cacheNamespace",
        "passthroughBehavior",
    ),
)


def _look_response(operation: str, member: str) -> Any:
    """One response as its method or integration lists it."""

    def look(scope: Scope, props: Props) -> Props:
        where = {"restApiId": props["restApi"], "resourceId": props["resourceId"], "httpMethod": props["httpMethod"]}
        found = (scope.call(operation, **where).get(member) or {}).get(str(props["statusCode"]))
        if found is None:
            raise NotFoundError(f"{props['httpMethod']} has no response {props['statusCode']}")
        names = [
            name for name in found if name in ("selectionPattern", "contentHandling") or isinstance(found[name], dict)
        ]
        unset = dict.fromkeys(("responseModels", "responseParameters", "responseTemplates", "selectionPattern"))
        live = {name: shapes.from_api("any", found[name] or None, {}) for name in names}
        return {name: value for name, value in {**unset, **live}.items() if name in props or value is not None}

    return look


METHOD_RESPONSE = Type(
    "aws:apigateway/methodResponse:MethodResponse",
    "apigateway",
    create="put_method_response",
    look=_look_response("get_method", "methodResponses"),
    update=("put_method_response",),
    delete="delete_method_response",
    key=("restApi", "resourceId", "httpMethod", "statusCode"),
    replace=("restApi", "resourceId", "httpMethod", "statusCode"),
    rename=API_NAMES,
    whole=True,
)

INTEGRATION_RESPONSE = Type(
    "aws:apigateway/integrationResponse:IntegrationResponse",
    "apigateway",
    create="put_integration_response",
    look=_look_response("get_integration", "integrationResponses"),
    update=("put_integration_response",),
    delete="delete_integration_response",
    key=("restApi", "resourceId", "httpMethod", "statusCode"),
    replace=("restApi", "resourceId", "httpMethod", "statusCode"),
    rename=API_NAMES,
    whole=True,
)


TYPES = (REST_API, RESOURCE, METHOD, INTEGRATION, METHOD_RESPONSE, INTEGRATION_RESPONSE)
